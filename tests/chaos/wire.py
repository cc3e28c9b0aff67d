# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What was published to a queue, as the broker saw it: RabbitMQ copies each message to the exchange of its firehose."""

import collections

from register_test import Broker

TRACE = "chaos-trace"
AT_ONCE = 1000


class Wire:
    """Counts the messages published to `queue` from start() to stop(), by message id."""

    def __init__(self, shared, queue="DALEC_1.0"):
        self.broker = Broker(shared)
        self.queue = queue
        self.sent = collections.Counter()

    def start(self):
        self.broker.call("PUT", f"queues/%2F/{TRACE}", durable=False, auto_delete=False)
        # The default exchange has no name.
        self.broker.call("POST", f"bindings/%2F/e/amq.rabbitmq.trace/q/{TRACE}", routing_key="publish.")
        self.broker.call("PUT", "vhosts/%2F", tracing=True)

    def take(self):
        """What came since the last time. How many messages."""
        count = 0
        while rows := self.broker.call("POST", f"queues/%2F/{TRACE}/get", count=AT_ONCE, ackmode="ack_requeue_false",
                                       encoding="base64"):
            for row in rows:
                headers = row["properties"]["headers"]
                if headers["routing_keys"] == [self.queue]:
                    self.sent[headers["properties"]["message_id"]] += 1
                    count += 1
        return count

    def stop(self):
        self.broker.call("PUT", "vhosts/%2F", tracing=False)
        self.take()
        self.broker.call("DELETE", f"queues/%2F/{TRACE}")
