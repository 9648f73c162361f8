using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Plimsoll.Server.Metrics;

/// <summary>
/// Prometheus' text format. Written here because vLLM's names have colons, which the OpenTelemetry exporter
/// does not keep.
/// </summary>
public sealed class PrometheusText
{
    readonly StringBuilder _text = new();
    readonly HashSet<string> _heads = new(StringComparer.Ordinal);

    public void Gauge(string name, string help, double value, params (string Name, string Value)[] labels) =>
        Single(name, help, "gauge", value, labels);

    public void Counter(string name, string help, double value,
        params (string Name, string Value)[] labels) =>
        Single(name, help, "counter", value, labels);

    public void Histogram(string name, string help, Histogram histogram,
        params (string Name, string Value)[] labels)
    {
        Head(name, help, "histogram");
        long seen = 0;
        for (var i = 0; i <= histogram.Bounds.Length; i++)
        {
            seen += histogram.CountAt(i);
            var bound = i < histogram.Bounds.Length ? Number(histogram.Bounds[i]) : "+Inf";
            Sample(name + "_bucket", seen, [.. labels, ("le", bound)]);
        }
        Sample(name + "_sum", histogram.Sum, labels);
        Sample(name + "_count", seen, labels);
    }

    public override string ToString() => _text.ToString();

    void Single(string name, string help, string type, double value, (string Name, string Value)[] labels)
    {
        Head(name, help, type);
        Sample(name, value, labels);
    }

    void Head(string name, string help, string type)
    {
        if (!_heads.Add(name))
            return;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    void Sample(string name, double value, (string Name, string Value)[] labels)
    {
        _text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            _text.Append(labels[i].Value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n"))
                .Append('"');
        }
        _text.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
