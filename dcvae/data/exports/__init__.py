"""Exports of monitoring tools, read as they come: one module for each kind of tool.

A file is recognized by its first characters, never by its name. `FORMS` is in the order in which
they are tried, the most particular first.
"""

from dcvae.data.exports import dashboards, elastic, influxdb, metric_stores, recorders, rrdtool
from dcvae.data.exports.form import Form
from dcvae.data.exports.sysstat import SADF

FORMS: tuple[Form, ...] = (
    SADF,
    recorders.COLLECTL,
    recorders.NMON,
    recorders.PMREP,
    rrdtool.XPORT_XML,
    rrdtool.XPORT_JSON,
    rrdtool.FETCH,
    metric_stores.PROMETHEUS,
    metric_stores.GRAPHITE_RAW,
    metric_stores.GRAPHITE_JSON,
    metric_stores.GRAPHITE_CSV,
    influxdb.ANNOTATED,
    influxdb.COMMAND_LINE,
    elastic.ELASTICSEARCH,
    elastic.KIBANA,
    dashboards.ZABBIX_JSON,
    dashboards.ZABBIX_CSV,
    dashboards.ZABBIX_TEXT,
    dashboards.GRAFANA,
)

HEAD = 8_192
"""Characters of a file that a form is recognized by."""


def recognized(head: str) -> Form | None:
    """Return the form of a file; None if it is none of those known.

    Args:
        head: the first `HEAD` characters of the file.
    """
    return next((form for form in FORMS if form.recognizes(head)), None)
