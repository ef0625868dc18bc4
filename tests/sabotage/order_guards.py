"""The guards of the promises about orders and about the private channels (O-, S-10, S-20)."""

from __future__ import annotations

from typing import Final

from tests.sabotage.workshop import Guard

__all__ = ["ORDERS"]

ORDERS: Final = (
    # --- at most once ---
    Guard(
        "O-01", "a permit is taken back once", "trading/gate.py",
        "del self._permits[permit.confirmation]", "pass",
        ("trading/test_gate.py::test_a_permit_is_good_once",),
    ),
    Guard(
        "O-01", "a clearance makes one frame", "trading/gate.py",
        "        self.used = True\n        return self._gate._depart", "        return self._gate._depart",
        ("trading/test_gate.py::test_a_clearance_makes_one_frame_and_a_frame_leaves_once",),
    ),
    Guard(
        "O-01", "a frame leaves once", "trading/gate.py",
        "self._left = True", "self._left = False",
        ("trading/test_gate.py::test_a_clearance_makes_one_frame_and_a_frame_leaves_once",),
    ),
    Guard(
        "O-01", "only the gate makes a frame", "trading/gate.py",
        "if seal is not _SEAL:", "if False:",
        ("trading/test_gate.py::test_nobody_else_can_make_a_frame",),
    ),
    Guard(
        "O-01", "nothing else that places an order is written", "net/writer.py",
        "if affecting:", "if False:",
        ("net/test_writer.py::test_an_order_that_is_not_the_gates_does_not_pass",),
    ),
    Guard(
        "O-01", "silence sends nothing again", "trading/outbox.py",
        "self._late[req_id] = errand", "self._waiting.append(errand)",
        ("trading/test_account.py::test_a_confirmed_order_is_written_once_and_is_then_in_flight",),
    ),
    # --- write first, send second ---
    Guard(
        "O-02", "nothing is cleared before the intent is on the disk", "trading/gate.py",
        'self.audit.record("intent", intent.fields(), at, written)',
        'self.audit.record("intent", intent.fields(), at), written(None, at)',
        ("trading/test_gate.py::test_nothing_can_be_written_before_the_intent_is_on_the_disk",),
    ),
    Guard(
        "O-02", "an intent that was not written refuses", "trading/gate.py",
        "            if error is None:\n                passed(", "            if True:\n                passed(",
        ("trading/test_gate.py::test_an_intent_that_cannot_be_written_refuses_the_order",),
    ),
    Guard(
        "O-02", "who waits is told what the flush came to", "net/disk.py",
        "self._tell(job.done, errors[job.log])", "self._tell(job.done, None)",
        ("net/test_disk.py::test_a_flush_that_fails_fails_for_everybody_in_it",),
    ),
    # --- doubt has a name ---
    Guard(
        "O-03", "a text that is in no table proves nothing", "trading/verdicts.py",
        "Verdict.REJECTED if proves_refusal(error, matched=matched) else Verdict.UNKNOWN, error",
        "Verdict.REJECTED, error",
        ("trading/test_verdicts.py::test_these_texts_prove_nothing",),
    ),
    Guard(
        "O-03", "some texts prove only with the request's number", "trading/verdicts.py",
        "(matched and is_one_of(text, REFUSALS_IF_MATCHED))", "is_one_of(text, REFUSALS_IF_MATCHED)",
        ("trading/test_verdicts.py::test_these_texts_prove_it_only_with_the_requests_number",),
    ),
    Guard(
        "O-03", "an acceptance under another id is doubt", "trading/verdicts.py",
        "if given is not None and sent is not None and given != sent:", "if False:",
        ("trading/test_verdicts.py::test_what_is_not_clearly_a_yes_is_doubt",),
    ),
    Guard(
        "O-03", "silence is doubt", "trading/errands.py",
        "settle(machine, Ruling(Verdict.UNKNOWN, reason), self.books, at)",
        "settle(machine, Ruling(Verdict.REJECTED, reason), self.books, at)",
        ("trading/test_account.py::test_silence_makes_an_order_unknown_and_its_report_opens_it",),
    ),
    Guard(
        "O-03", "a connection that is lost leaves doubt", "trading/outbox.py",
        "each.errand.unanswered(", "each.errand.dropped(",
        ("trading/test_account.py::test_a_connection_that_breaks_while_sending_leaves_doubt",),
    ),
    # --- doubt is settled by evidence ---
    Guard(
        "O-04", "absence needs a snapshot that is young enough", "trading/doubt.py",
        " or snapshot_asked is None or snapshot_asked < self.settled_at", "",
        ("trading/test_reconcile.py::test_without_a_fresh_snapshot_nothing_is_concluded",),
    ),
    Guard(
        "O-04", "absence needs all three lists", "trading/doubt.py",
        "return all(", "return any(",
        ("trading/test_reconcile.py::test_a_list_that_cannot_be_had_leaves_the_doubt",),
    ),
    Guard(
        "O-04", "a list counts when it was asked later than REST lags", "trading/doubt.py",
        "max(self.settled_at, self.sent + self.settings.rest_lag)", "self.settled_at",
        ("trading/test_reconcile.py::test_a_lost_request_is_not_placed_once_everything_proves_it",),
    ),
    Guard(
        "O-04", "the clocks' uncertainty is waited for", "trading/doubt.py",
        "self.settings.settle_margin + self.uncertainty", "self.settings.settle_margin",
        ("trading/test_reconcile.py::test_the_clocks_uncertainty_is_waited_for",),
    ),
    Guard(
        "O-04", "a list is read to its last page", "trading/lookups.py",
        "if not self.paged or count < PAGE:", "if True:",
        ("trading/test_reconcile.py::test_a_second_page_of_trades_is_read_before_anything_is_concluded",),
    ),
    Guard(
        "O-04", "a trade of somebody unknown is looked into first", "trading/reconcile.py",
        "lookup.name in LISTS and not lookup.strangers", "lookup.name in LISTS",
        ("trading/test_reconcile.py::test_a_trade_of_an_order_nobody_knows_is_looked_into_before_anything_is_concluded",),
    ),
    Guard(
        "O-04", "an unreadable answer is none", "trading/reconcile.py",
        "        except Malformed:\n            self.unanswered(query, at)\n            return\n",
        "        except Malformed:\n            pass\n",
        ("trading/test_reconcile.py::test_an_unreadable_answer_is_no_answer",),
    ),
    # --- doubt blocks ---
    Guard(
        "O-05", "an UNKNOWN order blocks its symbol", "trading/checks_account.py",
        "if order.state is OrderState.UNKNOWN\n", "if False\n",
        ("trading/test_checks.py::test_doubt_blocks_its_symbol_until_that_order_is_acknowledged",),
    ),
    Guard(
        "O-05", "an UNKNOWN order counts for the limits", "trading/usage.py",
        "frozenset({OrderState.REFUSED, ", "frozenset({OrderState.UNKNOWN, OrderState.REFUSED, ",
        ("trading/test_gate.py::test_only_an_order_that_was_proved_never_placed_counts_no_more",),
    ),
    Guard(
        "O-05", "only that very order is acknowledged", "trading/account.py",
        "if machine is None or machine.state is not OrderState.UNKNOWN:", "if machine is None:",
        ("trading/test_account.py::test_only_an_unknown_order_can_be_acknowledged",),
    ),
    # --- ids ---
    Guard(
        "O-06", "no id is made twice", "trading/usage.py",
        "if name in self._ids:", "if False:",
        ("trading/test_gate.py::test_a_crash_between_intent_and_send_leaves_the_intent",),
    ),
    Guard(
        "O-06", "no order begins with an id that was used", "trading/account.py",
        "            if used:\n", "            if False:\n",
        ("trading/test_account.py::test_a_client_id_is_never_used_twice",),
    ),
    Guard(
        "O-06", "an id cannot be given", "trading/permit.py",
        "if any(leg.cl_ord_id is not None or leg.order_userref is not None for leg in legs):", "if False:",
        ("trading/test_gate.py::test_a_client_id_cannot_be_given",),
    ),
    # --- late truth ---
    Guard(
        "O-07", "late truth is applied", "trading/order_machine.py",
        "contradicts = late and to in LATE_TRUTH.get(state, ())", "contradicts = False",
        ("trading/test_order_machine.py::test_evidence_overrules_a_conclusion_with_an_alarm",),
    ),
    Guard(
        "O-07", "a contradiction is said aloud", "trading/order_machine.py",
        "        if contradicts:\n", "        if False:\n",
        ("trading/test_order_machine.py::test_evidence_overrules_a_conclusion_with_an_alarm",),
    ),
    Guard(
        "O-07", "an answer that is late is heard", "trading/outbox.py",
        "else self._late.pop(response.req_id, None)", "else None",
        ("trading/test_account.py::test_an_answer_after_the_doubt_is_heard_without_alarm",),
    ),
    # --- the machine is strict ---
    Guard(
        "O-08", "only listed transitions occur", "trading/order_machine.py",
        "if to not in TRANSITIONS.get(state, ()) and not contradicts:", "if False:",
        ("trading/test_order_machine.py::test_what_is_not_listed_is_noted_and_ignored",),
    ),
    Guard(
        "O-08", "a fill counts once", "trading/order_machine.py",
        "        if known is not None:\n            return None\n", "",
        ("acting/test_order_faults_reports.py::test_repeated_and_reordered_reports_leave_the_filled_quantity_exact",),
    ),
    Guard(
        "O-08", "an overfill is shown", "trading/order_machine.py",
        "over = ordered is not None and ordered > 0 and record.filled_qty > ordered", "over = False",
        ("trading/test_account.py::test_an_overfill_is_shown_and_not_clipped",),
    ),
    # --- absence is not evidence ---
    Guard(
        "O-09", "what a snapshot does not name is looked up", "trading/reconcile.py",
        "self._owed = {machine.key for machine in open_ones if machine.lost}", "self._owed = set()",
        ("trading/test_reconcile.py::test_a_silent_fill_is_found_by_query_before_new_orders_are_allowed",),
    ),
    Guard(
        "O-09", "REST that may be older than the loss is not sure", "trading/reconcile.py",
        "return lookup.asked >= changed + self._settings.rest_lag", "return True",
        ("trading/test_reconcile.py::test_rest_that_shows_an_order_open_counts_only_when_asked_late_enough",),
    ),
    # --- cancels converge ---
    Guard(
        "O-10", "a cancel is sent three times at most", "trading/cancels.py",
        "if self.attempts < self.cancels.limit:", "if True:",
        ("trading/test_cancels.py::test_a_cancel_without_an_answer_is_sent_three_times_at_most",),
    ),
    Guard(
        "O-10", "unknown order leads to a query", "trading/cancels.py",
        'elif is_one_of(response.error or "", GONE):', "elif False:",
        ("trading/test_cancels.py::test_unknown_order_leads_to_a_query_and_not_to_a_conclusion",),
    ),
    Guard(
        "O-10", "unknown order is looked into at once", "trading/reconcile.py",
        "            case.due = min(case.due, at.mono)\n        self._renew = True\n", "            pass\n",
        ("trading/test_cancels.py::test_unknown_order_has_the_truth_looked_up_at_once",),
    ),
    Guard(
        "O-10", "a cancel that was sent is pending", "trading/order_machine.py",
        "if self.state in _LIVE and self.state is not S.PENDING_CANCEL:", "if False:",
        ("trading/test_cancels.py::test_a_cancel_is_pending_until_the_report",),
    ),
    # --- amendments and edits ---
    Guard(
        "O-11", "an unanswered amendment is shown as such", "trading/order_machine.py",
        'self._update(at_ns, amend="UNKNOWN")', 'self._update(at_ns, amend="")',
        ("trading/test_account.py::test_an_amendment_without_an_answer_shows_both_values_until_the_report",),
    ),
    Guard(
        "O-11", "an early snapshot settles no amendment", "trading/reconcile.py",
        "if asked >= Doubt(sent, self._settings, self._clocks.uncertainty()).settled_at:", "if True:",
        ("trading/test_account.py::test_a_snapshot_from_before_the_engines_deadline_settles_no_amendment",),
    ),
    Guard(
        "O-11", "an unanswered edit leaves the old order in doubt", "trading/errands.py",
        "if not self.old.record.is_terminal:", "if False:",
        ("trading/test_account.py::test_an_edit_without_an_answer_leaves_both_orders_unknown_until_each_is_settled",),
    ),
    Guard(
        "O-11", "a change waits for the answer to the last one", "trading/checks_account.py",
        "    if order.amend:\n", "    if False:\n",
        ("trading/test_checks.py::test_a_change_waits_for_the_answer_to_the_last_one",),
    ),
    # --- batches ---
    Guard(
        "O-12", "legs are matched by their ids", "trading/verdicts.py",
        "return {leg: _leg(leg, found.get(leg)) for leg in legs}",
        "return {leg: _leg(leg, said) for leg, said in zip(legs, found.values(), strict=False)}",
        ("trading/test_verdicts.py::test_legs_are_matched_by_client_id",),
    ),
    Guard(
        "O-12", "only words about the whole refuse a whole batch", "trading/verdicts.py",
        "if whole.verdict is Verdict.REJECTED and not is_one_of(whole.text, WHOLE_BATCH):", "if False:",
        ("trading/test_verdicts.py::test_a_whole_batch_is_refused_only_before_its_orders_are_looked_at",),
    ),
    # --- other people's orders ---
    Guard(
        "O-13", "cancelling one's own leaves others alone", "trading/account.py",
        "if not machine.record.external and not machine.record.is_terminal", "if not machine.record.is_terminal",
        ("trading/test_cancels.py::test_cancelling_all_of_this_lab_leaves_other_peoples_orders_alone",),
    ),
    Guard(
        "O-13", "in live everybody's orders are cancelled by a proposal", "lab/acting.py",
        'if trader.ground.mode == "live":\n            return trader.say_not_done(trader.propose_c',
        "if False:\n            return trader.say_not_done(trader.propose_c",
        ("lab/test_acting.py::test_what_touches_other_peoples_orders_is_a_proposal_in_live",),
    ),
    Guard(
        "O-13", "whoever drops that proposal has read that nothing was done", "lab/trader.py",
        '        self._person.tell(f"{proposal.not_yet}.")\n', "",
        ("lab/test_acting.py::test_a_proposal_that_was_dropped_has_said_that_nothing_was_done",),
    ),
    Guard(
        "O-13", "an order that was not placed here is external", "trading/books.py",
        "external=not ours,", "external=False,",
        ("trading/test_account.py::test_other_peoples_orders_are_shown_as_external_and_what_ours_spawn_as_ours",),
    ),
    Guard(
        "O-13", "what a lab that lives has placed is not taken up", "trading/succession.py",
        "tuple(lab for lab in holders if not lives(lab))", "tuple(holders)",
        ("acting/test_two_kernels.py::test_an_order_belongs_to_the_lab_that_wrote_its_intent",),
    ),
    # --- the next kernel ---
    Guard(
        "O-14", "what the dead one left is taken up in writing", "trading/audit.py",
        'return [self._made(TAKEN_UP, {"labs": list(after.gone)}, at)] if after.gone else []', "return []",
        (
            "acting/test_two_kernels.py::"
            "test_a_new_lab_takes_up_the_orders_of_the_one_that_died_and_not_of_the_one_that_lives",
        ),
    ),
    Guard(
        "O-14", "a lab says that it lives before it reads", "trading/presence.py",
        "        if have_locks():\n            self._lock.take()\n", "        pass\n",
        ("acting/test_two_kernels.py::test_an_order_belongs_to_the_lab_that_wrote_its_intent",),
    ),
    Guard(
        "O-14", "an intent alone is an order that may exist", "trading/restore.py",
        'if leg.cl_ord_id is not None and intent.method in ("add_order", "batch_add"):', "if False:",
        ("trading/test_remember.py::test_an_intent_alone_is_an_order_that_may_exist",),
    ),
    Guard(
        "O-14", "what was on its way is UNKNOWN", "trading/restore.py",
        "if record.state in _MAY_EXIST:", "if False:",
        ("trading/test_reconcile.py::test_what_was_on_its_way_is_unknown_and_then_not_placed",),
    ),
    Guard(
        "O-14", "nothing is verified for the next kernel", "trading/restore.py",
        "unverified=not record.is_terminal", "unverified=False",
        ("trading/test_reconcile.py::test_a_new_kernel_reconciles_what_the_old_one_left",),
    ),
    Guard(
        "O-14", "fills that were missing stay missing", "trading/restore.py",
        "if key in self.missing and machine.record.is_terminal:", "if False:",
        ("acting/test_random_histories.py::test_what_once_went_wrong_stays_right",),
    ),
    # --- the gate after a reconnect ---
    Guard(
        "O-15", "nothing is written before the account is reconciled", "trading/account_line.py",
        "missing = self._reconciler.missing", 'missing = ""',
        ("trading/test_reconcile.py::test_new_orders_are_refused_from_the_loss_until_the_snapshot_is_reconciled",),
    ),
    Guard(
        "O-15", "nothing is proposed before the account is reconciled", "trading/checks_account.py",
        "elif not facts.reconciled:", "elif False:",
        ("trading/test_checks.py::test_nothing_goes_before_the_accounts_orders_are_known",),
    ),
    Guard(
        "O-15", "what was not sent when the connection went is refused", "trading/outbox.py",
        "            if not errand.urgent:\n", "            if False:\n",
        ("trading/test_account.py::test_what_was_never_offered_to_a_socket_is_refused_when_the_connection_goes",),
    ),
    Guard(
        "O-15", "cancels go first", "trading/outbox.py",
        "key=lambda each: not each.urgent", "key=lambda each: 0",
        ("trading/test_cancels.py::test_a_cancel_is_written_before_an_order_that_waited_longer",),
    ),
    # --- sparse reports ---
    Guard(
        "O-16", "a report of an order that nobody knows asks for a snapshot", "trading/books.py",
        "            self.stranger(order_id, at)\n", "            pass\n",
        ("trading/test_account.py::test_an_order_known_only_by_a_sparse_report_is_looked_up",),
    ),
    Guard(
        "O-16", "an older report undoes nothing", "trading/told_terms.py",
        "(name not in _FIXED and stamp >= known)", "name not in _FIXED",
        ("trading/test_order_machine.py::test_an_older_description_cannot_undo_a_newer_amendment",),
    ),
    # --- the private channels ---
    Guard(
        "S-10", "a number that was skipped is a loss", "streams/sequenced_feed.py",
        "if message.sequence > last + 1:", "if False:",
        ("streams/test_executions.py::TestSequence::test_a_jump_is_a_gap_and_a_fresh_snapshot",),
    ),
    Guard(
        "S-10", "what comes twice is dropped", "streams/sequenced_feed.py",
        "if message.sequence <= last and (", "if False and (",
        ("streams/test_executions.py::TestSequence::test_what_comes_twice_is_dropped_and_counted",),
    ),
    Guard(
        "S-10", "whoever depends on it is told of the doubt", "streams/sequenced_feed.py",
        "        super()._resync(reason, at)\n        self._doubt(reason, at)\n",
        "        super()._resync(reason, at)\n",
        ("streams/test_companion.py::TestSpeaking::test_a_companion_may_ask_for_a_fresh_snapshot",),
    ),
    Guard(
        "S-20", "a new connection has a new token", "wire/token.py",
        "        self.text = self._since = None\n        self._outdated = self._asked\n",
        "        self._outdated = self._asked\n",
        ("wire/test_conversation.py::TestReconnecting::test_a_new_connection_uses_a_new_token",),
    ),
    Guard(
        "S-20", "a token that is always refused is given up", "wire/token.py",
        ">= self._settings.token_attempts", ">= 1_000_000",
        ("wire/test_conversation.py::TestTokens::test_a_token_refused_five_times_is_given_up",),
    ),
    Guard(
        "S-20", "a token that grew old unused is thrown away", "wire/token.py",
        "now - self._since >= self._settings.token_age", "False",
        ("wire/test_token.py::test_a_token_that_was_not_used_for_ten_minutes_is_fetched_anew",),
    ),
    Guard(
        "S-20", "numbers rise over a restart", "net/sign.py",
        "self._last + 1, elsewhere + 1)", "self._last + 1)",
        ("net/test_nonce.py::test_nonces_rise_over_a_restart_with_a_clock_that_was_set_back",),
    ),
    Guard(
        "S-20", "numbers rise though the clock goes back", "net/sign.py",
        "max(self._wall_ns(), self._last + 1, elsewhere + 1)", "max(self._wall_ns(), elsewhere + 1)",
        ("net/test_sign.py::test_nonces_rise_though_the_clock_goes_back",),
    ),
)  # fmt: skip
"""What stands between a confirmation and two orders, and between a doubt and a wrong conclusion."""
