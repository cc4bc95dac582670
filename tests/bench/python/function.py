"""The same function in Python, as far as its start goes: it imports what it needs, builds its clients and asks for its
first event. Lambda's own loop in Python does no less."""

import http.client
import os

import boto3
import requests

dynamodb = boto3.client("dynamodb")
secrets = boto3.client("secretsmanager")
graph = requests.Session()

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    connection.getresponse().read()
