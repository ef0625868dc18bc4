"""What we mean to do: proposals, checks, limits, the gate, orders and what became of them. No sockets.

The only files written here are the audit log and the halt. Everything else is values and decisions; the room with the
sockets carries what the gate lets out, and nothing else that could place an order.
"""
