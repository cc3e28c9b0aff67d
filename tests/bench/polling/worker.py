# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A worker that behaves as PEcAn's model.py does with a job: a thread runs it, and the loop that talks to the broker looks
once a second whether the thread is done. Without the keys of PEcAn's web page and without heartbeats."""
import json
import os
import subprocess
import threading

import pika

job = None


class Job(threading.Thread):
    def __init__(self, tag, body):
        super().__init__()
        self.tag = tag
        self.folder = json.loads(body)["folder"]
        self.is_finished = False

    def run(self):
        try:
            output = subprocess.check_output(os.environ["APPLICATION"], stderr=subprocess.STDOUT, shell=True,
                                             cwd=self.folder)
            status = "OK"
        except subprocess.CalledProcessError as error:
            output, status = error.output, "ERROR"
        with open(os.path.join(self.folder, "rabbitmq.out"), "w") as outcome:
            outcome.write(f"{output}\n{status}\n")
        self.is_finished = True


def begin(_channel, method, _properties, body):
    global job
    job = Job(method.delivery_tag, body)
    job.start()


connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URI"]))
channel = connection.channel()
channel.queue_declare(queue=os.environ["QUEUE"], durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(on_message_callback=begin, queue=os.environ["QUEUE"])
while True:
    connection.process_data_events(time_limit=1)
    if job and job.is_finished:
        channel.basic_ack(delivery_tag=job.tag)
        job = None
