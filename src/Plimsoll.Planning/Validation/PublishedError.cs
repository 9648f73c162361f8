using System.Collections.Generic;
using System.IO;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// The error that another simulator is published with, absolute percent, against vLLM 0.15.1:
/// <c>measured/simulator-accuracy-published.csv</c>.
/// </summary>
/// <param name="Simulator">Its name.</param>
/// <param name="Metric"><c>itl_mean</c>, <c>e2e_mean</c>, <c>ttft_mean</c>.</param>
/// <param name="Experiments">How many runs it was held against.</param>
/// <param name="MedianPercent">Median over runs.</param>
/// <param name="P90Percent">90th percentile over runs.</param>
public sealed record PublishedError(
    string Simulator, string Metric, int Experiments, double MedianPercent, double P90Percent)
{
    const string File = "measured/simulator-accuracy-published.csv";

    /// <summary>
    /// The experiments that no simulator of the list was fitted to, first 300 requests or all.
    /// </summary>
    const string Subset = "eval";

    /// <summary>Means only; empty where the folder lacks the file.</summary>
    public static IReadOnlyList<PublishedError> Read(string folder)
    {
        var file = Path.Combine(folder, File);
        return System.IO.File.Exists(file) ? CsvTable.ReadUsable(file, Read) : [];
    }

    static PublishedError? Read(CsvTable row)
    {
        var metric = row.Text("metric_name");
        return row.Text("set").StartsWith(Subset, System.StringComparison.Ordinal) && metric.EndsWith("_mean")
            ? new PublishedError(
                row.Text("simulator"), metric, row.Whole("n"), row.Number("median"), row.Number("p90"))
            : null;
    }
}
