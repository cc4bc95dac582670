"""Which metrics the function prints, and which the alarms and the dashboard watch: each as its name and dimensions."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
NAMESPACE = "SocAnywhere"


def metric(name, dimensions):
    return name, frozenset(dimensions.items())


def printed_metrics(lines):
    """What CloudWatch makes of a log: the Embedded Metric Format."""
    found = set()
    for line in (line for line in lines if "_aws" in line):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == NAMESPACE, directive
            for names in directive["Dimensions"]:
                dimensions = {name: line[name] for name in names}
                for each in directive["Metrics"]:
                    assert isinstance(line[each["Name"]], (int, float)), (each, line)
                    found.add(metric(each["Name"], dimensions))
    return found


def rare_metrics(function):
    """What the function that syncs prints only where it is not 0, as its source names it."""
    found = set()
    for file, outcome in (("account", "synced"), ("tick", "tick")):
        text = (ROOT / f"functions/sync-incidents/src/{file}.rs").read_text()
        names = re.findall(r'rare\("(\w+)"|push\(count\("(\w+)"', text)
        assert names, file
        found |= {metric("".join(name), {"service": function, "outcome": outcome}) for name in names}
    return found


def metrics_of_alarm(alarm):
    """None of an alarm on a metric of AWS's own."""
    if alarm["Namespace"] != NAMESPACE:
        return []
    return [metric(alarm["MetricName"], {each["Name"]: each["Value"] for each in alarm["Dimensions"]})]


def metrics_of_left_out(alarms, function):
    """The metrics of syncs that the texts of alarms name; none of an alarm on metrics of AWS's own."""
    found = []
    for alarm in alarms.values():
        names = re.findall(r"Namespace: SocAnywhere, MetricName: (\w+), Dimensions: \*OfSyncs", alarm)
        assert len(names) >= 2 or "Namespace: AWS/" in alarm, alarm
        found += [metric(name, {"service": function, "outcome": "synced"}) for name in names]
    return found


def metrics_of_dashboard(body):
    found = []
    for widget in body["widgets"]:
        for namespace, name, *rest in widget["properties"]["metrics"]:
            if namespace == NAMESPACE:
                words = [word for word in rest if isinstance(word, str)]
                found.append(metric(name, dict(zip(words[::2], words[1::2]))))
    return found
