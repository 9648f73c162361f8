using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Plimsoll.Server.Metrics;

/// <summary>
/// Prometheus' text format, the samples of one name together whatever order they come in. Written here
/// because vLLM's names have colons, which the OpenTelemetry exporter does not keep.
/// </summary>
public sealed class PrometheusText
{
    readonly Dictionary<string, StringBuilder> _families = new(StringComparer.Ordinal);
    readonly List<StringBuilder> _inOrder = [];

    public void Gauge(string name, string help, double value, params (string Name, string Value)[] labels) =>
        Single(name, help, "gauge", value, labels);

    public void Counter(string name, string help, double value,
        params (string Name, string Value)[] labels) =>
        Single(name, help, "counter", value, labels);

    public void Histogram(string name, string help, Histogram histogram,
        params (string Name, string Value)[] labels)
    {
        var text = Family(name, help, "histogram");
        long seen = 0;
        for (var i = 0; i <= histogram.Bounds.Length; i++)
        {
            seen += histogram.CountAt(i);
            var bound = i < histogram.Bounds.Length ? Number(histogram.Bounds[i]) : "+Inf";
            Sample(text, name + "_bucket", seen, [.. labels, ("le", bound)]);
        }
        Sample(text, name + "_sum", histogram.Sum, labels);
        Sample(text, name + "_count", seen, labels);
    }

    public override string ToString()
    {
        var whole = new StringBuilder();
        foreach (var family in _inOrder)
            whole.Append(family);
        return whole.ToString();
    }

    void Single(string name, string help, string type, double value, (string Name, string Value)[] labels) =>
        Sample(Family(name, help, type), name, value, labels);

    StringBuilder Family(string name, string help, string type)
    {
        if (_families.TryGetValue(name, out var text))
            return text;
        text = new StringBuilder();
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        _families.Add(name, text);
        _inOrder.Add(text);
        return text;
    }

    static void Sample(StringBuilder text, string name, double value, (string Name, string Value)[] labels)
    {
        text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            text.Append(labels[i].Value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n"))
                .Append('"');
        }
        text.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
