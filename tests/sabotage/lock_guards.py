"""The guards of the promises about arming, confirming, limits and stopping (A-, P-05)."""

from __future__ import annotations

from typing import Final

from tests.sabotage.workshop import Guard

__all__ = ["LOCK"]

LOCK: Final = (
    # --- sandbox by default, live by everything at once ---
    Guard(
        "A-01", "the phrase is typed in full", "trading/arming.py",
        'if " ".join(typed.split()) != phrase(self._account):', "if False:",
        ("trading/test_arming.py::test_the_phrase_must_be_typed_in_full",),
    ),
    Guard(
        "A-01", "each of the four limits is needed", "trading/arming.py",
        "for name in limits.missing]", "for name in ()]",
        ("trading/test_arming.py::test_each_of_the_four_limits_is_needed",),
    ),
    Guard(
        "A-01", "live that is not armed sends nothing", "trading/judge.py",
        'if facts.mode == "live" and (missing', "if False and (missing",
        ("trading/test_gate.py::test_live_that_is_not_armed_sends_nothing",),
    ),
    Guard(
        "A-01", "a key is needed", "trading/arming.py",
        'missing = [] if self.credentials else ["an API key is missing"]', "missing: list[str] = []",
        ("trading/test_arming.py::test_each_thing_that_is_lacking_refuses",),
    ),
    # --- arming lapses ---
    Guard(
        "A-02", "it lapses when nothing is sent", "trading/arming.py",
        "if at.mono - self._used_at > settings.arm_idle:", "if False:",
        ("trading/test_arming.py::test_it_lapses_when_nothing_is_sent_for_a_while",),
    ),
    Guard(
        "A-02", "it lapses after a day's work", "trading/arming.py",
        "if at.mono - since.mono > settings.arm_max:", "if False:",
        ("trading/test_arming.py::test_it_lapses_after_eight_hours_however_busy",),
    ),
    Guard(
        "A-02", "it lapses when the clock steps", "trading/arming.py",
        "(at.mono - since.mono)) > CLOCK_STEP:", "(at.mono - since.mono)) > 1e9:",
        ("trading/test_arming.py::test_it_lapses_when_the_clock_steps",),
    ),
    Guard(
        "A-02", "a halt disarms", "trading/arming.py",
        "        if halted is not None or self._halt.count != self._halts:\n            return",
        "        if False:\n            return",
        ("trading/test_arming.py::test_a_halt_disarms",),
    ),
    Guard(
        "A-02", "other limits disarm", "trading/arming.py",
        'return "the limits were edited" if limits != self._limits else None', "return None",
        ("trading/test_arming.py::test_editing_the_limits_disarms",),
    ),
    # --- paper stays paper ---
    Guard(
        "A-03", "orders of sandbox and paper reach this machine only", "lab/lab.py",
        'if self.mode != "live" and not venue.endpoints.loopback:', "if False:",
        ("lab/test_acting.py::test_orders_of_sandbox_and_paper_reach_this_machine_only",),
    ),
    Guard(
        "A-03", "only hosts on the list are reached", "net/endpoints.py",
        'if parts.hostname not in ALLOWED or parts.scheme not in ("wss", "https"):', "if False:",
        ("net/test_endpoints.py::test_only_the_exchange_over_tls_or_this_machine",),
    ),
    # --- running all trades nothing ---
    Guard(
        "A-04", "live takes no confirmation without a gesture", "trading/gate.py",
        'elif facts.mode == "live":', "elif False:",
        ("trading/test_gestures.py::test_live_takes_no_confirmation_without_a_gesture",),
    ),
    Guard(
        "A-04", "a notebook run by a program arms nothing", "trading/front_end.py",
        "return None if allowed is True else", "return None if True else",
        ("trading/test_arming.py::test_somebody_must_be_there_to_ask",),
    ),
    Guard(
        "A-04", "a script without a terminal arms nothing", "trading/front_end.py",
        "if terminal is None or not terminal.isatty():", "if False:",
        ("trading/test_arming.py::test_somebody_must_be_there_to_ask",),
    ),
    Guard(
        "A-04", "only the code that is shown counts", "trading/gestures.py",
        "if isinstance(gesture, Code) and gesture.typed", "if False and gesture.typed",
        ("trading/test_gestures.py::test_guessing_ends",),
    ),
    # --- what is confirmed is what is sent ---
    Guard(
        "A-05", "the request is what was confirmed", "trading/gate.py",
        '"req_id": req_id, "deadline": deadline}\n', '"req_id": req_id, "deadline": deadline, "post_only": True}\n',
        ("trading/test_gate.py::test_what_was_confirmed_is_what_is_sent",),
    ),
    Guard(
        "A-05", "every order has a deadline", "trading/gate.py",
        '"req_id": req_id, "deadline": deadline}\n', '"req_id": req_id}\n',
        ("trading/test_gate.py::test_what_was_confirmed_is_what_is_sent",),
    ),
    Guard(
        "A-05", "changing the arguments afterwards changes nothing", "trading/builders.py",
        "arguments=MappingProxyType(dict(arguments)),", "arguments=arguments,",
        ("trading/test_proposal.py::test_changing_the_arguments_afterwards_changes_nothing",),
    ),
    # --- a confirmation works once, soon, and while nothing changes ---
    Guard(
        "A-06", "a permit grows old", "trading/permit.py",
        "if age > self.ttl:", "if False:",
        ("trading/test_gate.py::test_a_permit_older_than_its_time_is_void",),
    ),
    Guard(
        "A-06", "a change of circumstances makes a permit void", "trading/permit.py",
        "return self.circumstances.changed(now)", "return None",
        ("trading/test_gate.py::test_a_change_of_circumstances_makes_a_permit_void",),
    ),
    Guard(
        "A-06", "a confirmation that was shown grows old", "trading/gestures.py",
        "if not 0 <= age <= settings.confirm_ttl:", "if False:",
        ("trading/test_gestures.py::test_what_was_shown_too_long_ago_is_void",),
    ),
    Guard(
        "A-06", "a change since it was shown makes it void", "trading/gestures.py",
        "if changed := opened.circumstances.changed(now):", "if changed := None:",
        ("trading/test_gestures.py::test_a_change_since_it_was_shown_makes_it_void",),
    ),
    Guard(
        "A-06", "a click that was held back is void", "trading/gestures.py",
        "if not -settings.click_lag <= late <= settings.click_lag:", "if False:",
        ("trading/test_gestures.py::test_a_click_counts_only_when_it_is_fresh",),
    ),
    Guard(
        "A-06", "an amendment is of the order as it was shown", "trading/gate.py",
        "if proposal.target is not None and changed_since(proposal.target, facts.orders):", "if False:",
        ("acting/test_road.py::test_an_amendment_of_an_order_that_has_changed_since_is_void",),
    ),
    # --- repetition ---
    Guard(
        "A-07", "a gesture is used up", "trading/gestures.py",
        "        del self._open[opened.number]\n        age", "        age",
        ("trading/test_gestures.py::test_a_click_that_came_late_uses_the_confirmation_up",),
    ),
    Guard(
        "A-07", "the same order again needs the word", "trading/checks_limits.py",
        "        elif mark in seen:\n", "        elif False:\n",
        ("trading/test_checks_limits.py::test_the_same_order_again_needs_the_word",),
    ),
    Guard(
        "A-07", "no proposal is confirmed twice", "trading/gate.py",
        "if self._confirmed.get(id(proposal)) is proposal:", "if False:",
        ("acting/test_lock_faults.py::test_a_proposal_is_confirmed_once_in_every_mode",),
    ),
    Guard(
        "A-07", "what a cell has given up is not done later", "net/io_thread.py",
        "return function() if turn.acquire(blocking=False) or keep else None", "return function()",
        ("net/test_io_thread.py::test_what_a_cell_has_given_up_is_not_done_later",),
    ),
    # --- limits ---
    Guard(
        "A-08", "an order is worth no more than its limit", "trading/checks_limits.py",
        "if worth > most:", "if False:",
        ("trading/test_checks_limits.py::test_one_tick_more_or_less_decides",),
    ),
    Guard(
        "A-08", "a number is no limit of several currencies", "trading/rules.py",
        "elif limit is not None and len(quotes) > 1:", "elif False:",
        ("trading/test_checks_limits.py::test_a_number_is_no_limit_of_several_currencies",),
    ),
    Guard(
        "A-08", "each quote currency of the allowed pairs has an amount", "trading/rules.py",
        "if missing := sorted(quotes - limit.keys()):", "if missing := []:",
        ("trading/test_checks_limits.py::test_a_number_is_no_limit_of_several_currencies",),
    ),
    Guard(
        "A-08", "what has no amount in its currency is not allowed", "trading/checks_limits.py",
        'return question.exceeded(name, f"{limit} has no amount', 'return passed(name, f"{limit} has no amount',
        ("trading/test_checks_limits.py::test_an_order_is_held_against_the_amount_in_its_own_currency",),
    ),
    Guard(
        "A-08", "a day is worth no more than its limit", "trading/checks_limits.py",
        "if after > most:", "if False:",
        ("trading/test_checks_limits.py::test_the_day_counts_what_was_confirmed_in_it_whatever_became_of_it",),
    ),
    Guard(
        "A-08", "no more orders are open than may be", "trading/checks_limits.py",
        "if adds and len(there) + adds > most:", "if False:",
        ("trading/test_checks_limits.py::test_open_orders_are_all_that_may_be_open",),
    ),
    Guard(
        "A-08", "a cell that runs away is stopped", "trading/checks_limits.py",
        "if lately + adds > most:", "if False:",
        ("trading/test_checks_limits.py::test_a_cell_that_runs_away_is_stopped",),
    ),
    Guard(
        "A-08", "only allowed symbols go", "trading/checks_limits.py",
        "elif question.symbol in allowed:", "elif True:",
        ("trading/test_checks_limits.py::test_symbols_that_were_not_allowed_are_refused",),
    ),
    Guard(
        "A-08", "what waits for the disk counts already", "trading/gate.py",
        "self.usage.reserve(intent, at.mono)", "pass",
        ("trading/test_gate.py::test_orders_that_wait_for_the_disk_count_already",),
    ),
    Guard(
        "A-08", "what another lab confirms meanwhile counts", "lab/dealer.py",
        "audit.listener = lambda records: usage.restore(records, audit.distrust)", "pass",
        ("acting/test_two_kernels.py::test_of_two_labs_that_use_up_the_day_at_one_moment_one_is_refused",),
    ),
    Guard(
        "A-08", "of two at one moment the second is held against the first", "trading/usage.py",
        "(earlier or one.past.at_mono is None)", "earlier",
        ("acting/test_two_kernels.py::test_of_two_labs_that_use_up_the_day_at_one_moment_one_is_refused",),
    ),
    Guard(
        "A-08", "the day goes on in the next kernel", "trading/usage.py",
        "self.reserve(intent, None)", "pass",
        ("acting/test_lock_faults.py::test_the_day_goes_on_after_a_restart",),
    ),
    Guard(
        "A-08", "everything is checked again in the last moment", "trading/judge.py",
        "if refusals := [one.said for one in found if not one.ok]:", "if refusals := []:",
        ("trading/test_gate.py::test_a_price_that_moved_beyond_the_collar_stops_the_order",),
    ),
    # --- price references ---
    Guard(
        "A-09", "a book that is not live is no reference", "trading/checks_market.py",
        'if facts.book is None or facts.book_state != "LIVE":', "if facts.book is None:",
        ("trading/test_checks_market.py::test_without_a_verified_live_and_heard_book_nothing_goes",),
    ),
    Guard(
        "A-09", "a book on a dead line is no reference", "trading/checks_market.py",
        "elif facts.book_age is None or not facts.book_age <= most:", "elif False:",
        ("trading/test_checks_market.py::test_without_a_verified_live_and_heard_book_nothing_goes",),
    ),
    Guard(
        "A-09", "no limit price reaches through the collar", "trading/checks_market.py",
        "if through > most:", "if False:",
        ("trading/test_checks_market.py::test_no_limit_price_reaches_through_the_collar",),
    ),
    Guard(
        "A-09", "no market order eats a thin book", "trading/checks_market.py",
        "if cost > most:", "if False:",
        ("trading/test_checks_market.py::test_a_market_order_in_a_thin_book_is_refused",),
    ),
    # --- the status gate ---
    Guard(
        "A-10", "a state that takes no orders refuses, known or not", "trading/checks_instrument.py",
        """return f"{_NONE_NEW.get(state, 'says something that is not known here')} ({state})\"""", "return None",
        ("trading/test_checks.py::test_the_stricter_of_system_and_pair_decides",),
    ),
    Guard(
        "A-10", "the exchange's own state counts", "trading/checks_instrument.py",
        '(("The exchange", question.facts.system), (', "((",
        ("trading/test_checks.py::test_the_stricter_of_system_and_pair_decides",),
    ),
    Guard(
        "A-10", "post_only takes post-only limit orders", "trading/checks_instrument.py",
        "None if plain_limit and leg.post_only else", "None if plain_limit else",
        ("trading/test_checks.py::test_the_stricter_of_system_and_pair_decides",),
    ),
    # --- validation ---
    Guard(
        "A-11", "prices and quantities lie on their steps", "trading/checks_instrument.py",
        "return not EXACT.remainder(number, increment)", "return True",
        ("trading/test_checks.py::test_steps_and_minimums_are_exact",),
    ),
    Guard(
        "A-11", "quantities reach the minimum", "trading/checks_instrument.py",
        "if leg.order_qty < least:", "if False:",
        ("trading/test_checks.py::test_steps_and_minimums_are_exact",),
    ),
    Guard(
        "A-11", "an exponent is asked about", "trading/arguments.py",
        'if isinstance(value, str) and "e" in value.lower():', "if False:",
        ("trading/test_terms.py::test_an_exponent_is_offered_written_out",),
    ),
    Guard(
        "A-11", "a symbol is listed", "trading/checks_instrument.py",
        "elif pair is None or pair.symbol != name:", "elif False:",
        ("trading/test_checks.py::test_a_symbol_has_the_form_of_one_and_is_listed",),
    ),
    # --- the kill ---
    Guard(
        "A-12", "a kill halts", "lab/dealer.py",
        "self.halt.latch(", "(lambda *_, **__: None)(",
        ("acting/test_road.py::test_a_kill_ends_everything_and_outlives_the_kernel",),
    ),
    Guard(
        "A-12", "a kill is complete when everything ended", "trading/kill.py",
        'return not any(order.fate == "not confirmed" for order in self._orders.values())', "return True",
        ("trading/test_kill.py::test_a_terminals_kill_needs_rest_alone",),
    ),
    Guard(
        "A-12", "a list from before the cancel proves nothing", "trading/kill.py",
        " or self._empty_at is None or self._empty_at < self._cancelled_at:", " or self._empty_at is None:",
        ("trading/test_kill.py::test_a_list_from_before_the_cancel_went_through_completes_nothing",),
    ),
    Guard(
        "A-12", "a kill takes REST's road too", "trading/kill.py",
        '            Query("private", "CancelAll"),\n', "",
        ("trading/test_kill.py::test_a_kill_without_a_connection_uses_rest",),
    ),
    Guard(
        "A-12", "the halt of another process is read before each send", "trading/judge.py",
        "if halted := self._halt.look():", "if halted := None:",
        ("trading/test_gate.py::test_a_halt_file_of_another_process_stops_what_waits",),
    ),
    Guard(
        "A-12", "it is read once more when the intent is on the disk", "net/disk.py",
        "        if hurried:\n", "        if False:\n",
        (
            "net/test_disk.py::"
            "test_what_is_watched_was_read_after_what_somebody_waited_for_was_on_the_disk",
        ),
    ),
    Guard(
        "A-12", "nothing stops a cancel", "trading/checks.py",
        "if isinstance(request, _RISK_REDUCING):", "if False:",
        ("trading/test_checks.py::test_nothing_stops_what_reduces_risk",),
    ),
    Guard(
        "A-12", "a kill that was given up waiting for is a kill", "net/io_thread.py",
        "        turn = threading.Lock()\n", "        turn, keep = threading.Lock(), False\n",
        ("net/test_io_thread.py::test_what_has_to_be_kept_is_done_whoever_waits",),
    ),
    Guard(
        "A-12", "a kill is kept whoever waits", "lab/trader.py",
        "            keep=True,\n            waiting_for=\"the kill to", "            waiting_for=\"the kill to",
        ("lab/test_held_up.py::test_a_confirmation_that_was_given_up_sends_nothing_and_a_kill_that_was_is_a_kill",),
    ),
    # --- the halt ---
    Guard(
        "A-13", "a file that is gone ends no halt", "trading/halt.py",
        "return self._known  # what this kernel knows stands until the file says the same", "return found",
        ("trading/test_halt.py::test_a_file_that_is_gone_or_unreadable_ends_nothing",),
    ),
    Guard(
        "A-13", "a halt ends for a reason", "trading/halt.py",
        "if not isinstance(given, str) or not given.strip():", "if False:",
        ("trading/test_halt.py::test_a_halt_outlives_its_kernel_and_ends_for_a_reason",),
    ),
    Guard(
        "A-13", "an incomplete kill is taken up again", "lab/dealer.py",
        "if halted is not None and halted.unfinished:", "if False:",
        ("acting/test_order_faults_restart.py::test_a_halt_lasts_over_a_restart_until_a_reason_ends_it",),
    ),
    Guard(
        "A-13", "a file that cannot be read is a halt", "trading/halt.py",
        'return HaltRecord(reason="the halt file cannot be read", since_ns=0, pid=0, unfinished=True)', "return None",
        ("trading/test_halt.py::test_whatever_is_no_halt_file_is_a_halt",),
    ),
    Guard(
        "A-13", "a kill ends with its halt", "lab/dealer.py",
        "            self.account.end_kill(self._now())\n", "            pass\n",
        ("acting/test_after_a_kill.py::test_a_kill_that_was_not_through_ends_with_the_halt_and_says_what_it_left",),
    ),
    Guard(
        "A-13", "it ends also where another process ended the halt", "lab/dealer.py",
        "        self._mind_the_halt()\n        return self.gatherer.facts(", "        return self.gatherer.facts(",
        ("acting/test_after_a_kill.py::test_an_order_in_the_moment_after_another_process_ended_the_halt_meets_no_kill",),
    ),
    # --- the dead man's switch ---
    Guard(
        "A-14", "the switch is refreshed", "trading/dead_man.py",
        "elif on and self._next is not None and self._next <= at.mono:", "elif False:",
        ("trading/test_dead_man.py::test_it_is_refreshed_every_fifteen_seconds",),
    ),
    Guard(
        "A-14", "a refresh without an answer is said aloud", "trading/dead_man.py",
        "if setting.alarm_at <= at.mono and not setting.alarmed:", "if False:",
        ("trading/test_dead_man.py::test_one_lost_refresh_is_alarmed_about_after_twenty_seconds",),
    ),
    Guard(
        "A-14", "a switch that may have fired leaves nothing verified", "trading/dead_man.py",
        "        self._fired(at)\n", "",
        ("trading/test_dead_man.py::test_refreshes_lost_until_it_expires_leave_everything_unverified",),
    ),
    Guard(
        "A-14", "it is off before announced maintenance", "trading/dead_man.py",
        "elif on and self._stand_down is not None and self._stand_down <= at.mono:", "elif False:",
        ("trading/test_dead_man.py::test_before_announced_maintenance_it_is_turned_off",),
    ),
    Guard(
        "A-14", "it is not turned on again by itself", "trading/dead_man.py",
        "if self.state in (DeadManState.STARTING, DeadManState.ON) and self._refreshes:", "if self._refreshes:",
        ("trading/test_dead_man.py::test_a_connection_that_comes_too_late_does_not_turn_it_on_again",),
    ),
    Guard(
        "A-14", "in live the switch is turned on by a proposal", "lab/acting.py",
        'if on and trader.ground.mode == "live":', "if False:",
        ("lab/test_acting.py::test_what_touches_other_peoples_orders_is_a_proposal_in_live",),
    ),
    Guard(
        "A-14", "in live the switch is set once by a proposal", "lab/acting.py",
        'if trader.ground.mode == "live" and seconds:', "if False:",
        ("lab/test_acting.py::test_what_touches_other_peoples_orders_is_a_proposal_in_live",),
    ),
    Guard(
        "A-14", "who confirms it twice turns it on once", "trading/gate.py",
        "        self._taken(permit)\n        if void :=", "        if void :=",
        ("trading/test_gate.py::test_what_reduces_risk_needs_a_confirmation_and_nothing_else",),
    ),
    # --- the audit log ---
    Guard(
        "A-15", "nobody else reads the log", "trading/files.py",
        "PRIVATE = 0o600", "PRIVATE = 0o644",
        ("trading/test_audit.py::test_a_log_is_json_lines_that_only_its_owner_can_read",),
    ),
    Guard(
        "A-15", "a changed record is found", "trading/chain.py",
        'if hashlib.sha256(body.encode()).hexdigest() != found.get("hash"):', "if False:",
        ("trading/test_audit.py::test_what_was_done_to_it_is_reported_with_its_place",),
    ),
    Guard(
        "A-15", "a missing record is found", "trading/chain.py",
        "if at > n + 1:", "if False:",
        ("trading/test_audit.py::test_what_was_done_to_it_is_reported_with_its_place",),
    ),
    Guard(
        "A-15", "each record follows the one before", "trading/chain.py",
        'return None if found.get("prev") == prev else', "return None if True else",
        ("trading/test_audit.py::test_a_record_put_in_with_a_right_hash_is_found_by_what_it_follows",),
    ),
    Guard(
        "A-15", "an arming is on the disk before it counts", "trading/arming.py",
        'self._audit.record("armed", fields, at, recorded)',
        'self._audit.record("armed", fields, at), recorded(None, at)',
        ("trading/test_arming.py::test_it_is_armed_when_that_is_on_the_disk_and_not_before",),
    ),
    Guard(
        "A-15", "a log that is broken refuses orders", "trading/judge.py",
        "if self._audit.broken is not None:", "if False:",
        ("trading/test_gate.py::test_a_broken_chain_stops_orders",),
    ),
    # --- shared hosts ---
    Guard(
        "A-16", "a shared host is known", "trading/shared_host.py",
        "        if name in environment:\n", "        if False:\n",
        ("trading/test_arming.py::test_hosts_that_are_shared_are_known",),
    ),
    Guard(
        "A-16", "no key is read there", "net/secrets.py",
        "if reason := shared_host(os.environ):", "if reason := None:",
        ("net/test_key_sources.py::test_no_key_is_read_on_a_shared_host",),
    ),
    Guard(
        "A-16", "nothing is armed there", "trading/arming.py",
        "for reason in (self.front_end, self.shared_host)", "for reason in (self.front_end,)",
        ("trading/test_arming.py::test_each_thing_that_is_lacking_refuses",),
    ),
    # --- fail closed ---
    Guard(
        "A-17", "a check that raises refuses", "trading/checks.py",
        'yield on_failure(name, f"{name} cannot be checked: {type(error)',
        'yield passed(name, f"{name} cannot be checked: {type(error)',
        ("trading/test_checks.py::test_an_exception_in_any_check_refuses",),
    ),
    Guard(
        "A-17", "what is not known refuses", "trading/checks.py",
        'yield on_failure(name, f"{name} cannot be checked: {unknown}',
        'yield passed(name, f"{name} cannot be checked: {unknown}',
        ("trading/test_checks.py::test_what_is_not_known_refuses",),
    ),
    Guard(
        "A-17", "old facts refuse", "trading/judge.py",
        "if at.mono - facts.at.mono > FACTS_MAX_AGE:", "if False:",
        ("trading/test_gate.py::test_facts_that_cannot_be_had_or_are_old_refuse",),
    ),
    Guard(
        "A-17", "a halt file that was not read lately refuses", "net/disk.py",
        "if self._age(look) > LOOK_GOOD_S:", "if False:",
        ("net/test_disk.py::test_a_disk_that_hangs_holds_nobody_up_and_says_so",),
    ),
    Guard(
        "A-17", "a halt file that cannot be read refuses", "trading/halt.py",
        "return self._known or HaltRecord(reason=reason, since_ns=0, pid=0)", "return self._known",
        (
            "trading/test_halt.py::"
            "test_while_nobody_can_say_what_the_file_says_nothing_goes_and_after_that_it_decides",
        ),
    ),
    Guard(
        "A-17", "no findings are no permission", "trading/judge.py",
        "            if not found:\n", "            if False:\n",
        ("trading/test_gate.py::test_whatever_goes_wrong_in_checking_refuses",),
    ),
    Guard(
        "A-17", "a text that cannot be read is not written", "net/writer.py",
        "    if methods is None:\n", "    if methods is None:\n        return text\n    if False:\n",
        ("net/test_writer.py::test_no_way_of_writing_an_order_passes",),
    ),
    Guard(
        "A-17", "a mistake of ours in the account ends no line", "streams/guarded.py",
        "        try:\n            return work()\n        except Exception as error:\n            what =",
        "        try:\n            return work()\n        except ZeroDivisionError as error:\n            what =",
        ("acting/test_own_mistakes.py::test_one_mistake_is_said_and_everything_is_looked_up_anew",),
    ),
    Guard(
        "A-17", "after a mistake of ours nothing that is open is sure", "trading/account_line.py",
        "        self._reconciler.lost(at)\n        self._balances.lose()\n        self._tell()\n",
        "        self._tell()\n",
        ("acting/test_own_mistakes.py::test_after_a_mistake_the_connection_is_replaced_and_until_then_nothing_is_sure",),
    ),
    Guard(
        "A-17", "after a mistake of ours the connection is replaced", "streams/guarded.py",
        '        self._replace(f"an error of this program ({what})")\n', "",
        ("acting/test_own_mistakes.py::test_after_a_mistake_the_connection_is_replaced_and_until_then_nothing_is_sure",),
    ),
    # --- one armed kernel ---
    Guard(
        "A-18", "a second kernel is refused", "trading/arming.py",
        "            if holders:\n", "            if False:\n",
        ("trading/test_arming.py::test_a_second_kernel_is_refused_and_told_who_has_it",),
    ),
    Guard(
        "A-18", "the lock excludes", "trading/file_lock.py",
        "fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)", "pass",
        ("trading/test_arming.py::test_a_second_kernel_is_refused_and_told_who_has_it",),
    ),
    Guard(
        "A-18", "whoever disarms lets go of it", "trading/arming.py",
        'self._audit.record("disarmed", {"reason": reason}, at)\n            self._let_go()',
        'self._audit.record("disarmed", {"reason": reason}, at)',
        ("trading/test_arming.py::test_a_second_kernel_is_refused_and_told_who_has_it",),
    ),
    # --- the live-like profile ---
    Guard(
        "P-05", "limits hold where it plays live", "trading/facts.py",
        '{"live": "enforce", "paper": "warn"}', '{"paper": "warn"}',
        ("acting/test_lock_faults.py::test_the_same_order_again_within_ten_seconds",),
    ),
    Guard(
        "P-05", "it is armed with everything that live needs", "lab/dealer.py",
        "new_id=new_id, arming=arming)", "new_id=new_id)",
        ("acting/test_road.py::test_live_wants_its_code_and_then_sends_once",),
    ),
)  # fmt: skip
"""What stands between a notebook and an order that nobody meant."""
