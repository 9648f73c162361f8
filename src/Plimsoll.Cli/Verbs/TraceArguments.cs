using System.CommandLine;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Cli.Verbs;

/// <summary>What a user may say of a trace file, the same on every verb that reads one.</summary>
/// <param name="block">What the verb calls the tokens per hashed block.</param>
sealed class TraceArguments(string block = "--hash-block-size")
{
    readonly Option<string?> _map = new("--map")
    {
        Description = "Which columns (JSON: fields, a.b for b inside a) of an unknown log hold what: "
            + "time=COL[:s|ms|us|ns|iso],input=COL,output=COL and, where it has them, session, tenant, "
            + "level, priority, "
            + "adapter, ttft, itl, e2e",
    };

    readonly Option<int?> _block = new(block)
    {
        Description = "Tokens per hashed block of a trace [default: the format's]",
    };

    readonly Option<string> _timestamps = new Option<string>("--timestamps")
    {
        Description = "What is made of a trace's arrivals at one time: spread inside the step that its times "
            + "are rounded to, where they are, or as-is",
        DefaultValueFactory = _ => TimestampChoices.All.Names[0],
    }.OneOf(TimestampChoices.All);

    public void AddTo(Command command)
    {
        command.Add(_map);
        command.Add(_block);
        command.Add(_timestamps);
    }

    public TraceOptions Read(ParseResult parsed) => Mapped(parsed.GetValue(_map)) with
    {
        BlockTokens = parsed.GetValue(_block),
        Timestamps = parsed.Chosen(_timestamps, TimestampChoices.All),
    };

    /// <summary>Of a second trace, of which only its columns are said.</summary>
    public static TraceOptions Mapped(string? map) =>
        new() { Map = map is null ? null : ColumnMap.Parse(map) };
}
