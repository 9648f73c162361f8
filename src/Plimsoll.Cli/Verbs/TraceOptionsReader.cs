using System.CommandLine;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Cli.Verbs;

/// <summary>What a user may say of a trace file, the same on every verb that reads one.</summary>
static class TraceOptionsReader
{
    public static Option<string?> Map() => new("--map")
    {
        Description = "Which columns (JSON: fields, a.b for b inside a) of an unknown log hold what: "
            + "time=COL[:s|ms|us|ns|iso],input=COL,output=COL and, where it has them, session, tenant, "
            + "level, priority, "
            + "adapter, ttft, itl, e2e",
    };

    public static Option<string> Timestamps() => new Option<string>("--timestamps")
    {
        Description = "What is made of a trace's arrivals at one time: spread inside the step that its times "
            + "are rounded to, where they are, or as-is",
        DefaultValueFactory = _ => TimestampChoices.All.Names[0],
    }.OneOf(TimestampChoices.All);

    public static TraceOptions Read(
        string? map, int? blockTokens, Timestamps timestamps = default) => new()
    {
        Map = map is null ? null : ColumnMap.Parse(map),
        BlockTokens = blockTokens,
        Timestamps = timestamps,
    };
}
