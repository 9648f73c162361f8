using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// A handful of points, CSV: <c>concurrency,prompt_tokens,output_tokens,ttft_ms,tpot_ms</c>, means of closed
/// loops. Optional columns: <c>requests</c>, and <c>least_prompt_tokens, least_output_tokens</c> where
/// lengths were drawn at random between the two.
/// </summary>
static class PointsFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var configurations = new List<Configuration>();
        using var text = new StreamReader(source, Encoding.UTF8);
        foreach (var point in CsvTable.Read(source.Name, text, Point))
            configurations.Add(point.On(deployment));
        return new MeasuredInput
        {
            File = source.Name,
            Form = "points",
            Units = "milliseconds in ttft_ms and tpot_ms",
            Configurations = configurations.Count > 0 ? configurations
                : throw new BadInputException($"{source.Name}: has no rows; expected at least two points"),
            Used = configurations.Count,
        };
    }

    static MeasuredPoint Point(CsvTable row) => new MeasuredPoint
    {
        Concurrency = row.Whole("concurrency"),
        PromptTokens = row.Whole("prompt_tokens"),
        OutputTokens = row.Whole("output_tokens"),
        LeastPromptTokens = row.Has("least_prompt_tokens") ? row.Whole("least_prompt_tokens") : null,
        LeastOutputTokens = row.Has("least_output_tokens") ? row.Whole("least_output_tokens") : null,
        Requests = row.Has("requests") ? row.Whole("requests") : null,
        TtftMs = row.Has("ttft_ms") ? row.OptionalNumber("ttft_ms") : null,
        TpotMs = row.Has("tpot_ms") ? row.OptionalNumber("tpot_ms") : null,
    }.Checked(row.Place);
}
