using System;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Which columns (CSV) or fields (JSON lines; <c>usage.prompt_tokens</c> for one inside another) of a log
/// hold what, as the user writes it: <c>time=col[:s|ms|us|ns|iso],input=col,output=col[,session=col]</c>.
/// Without a time the log is lengths only; a time without a unit is in seconds.
/// </summary>
public sealed record ColumnMap
{
    /// <summary>Null when the log has no times.</summary>
    public string? Time { get; init; }

    /// <summary>Nanoseconds per unit of time; 0 when times are ISO dates.</summary>
    public long UnitNs { get; init; } = 1_000_000_000;

    public required string Input { get; init; }

    public required string Output { get; init; }

    public string? Session { get; init; }

    /// <summary>Reads the user's form; <see cref="BadInputException"/> says what is wrong with it.</summary>
    public static ColumnMap Parse(string text)
    {
        string? time = null, input = null, output = null, session = null;
        var unitNs = 1_000_000_000L;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            var (key, column) = equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
            if (column.Length == 0)
                throw Bad(text, $"\"{part}\" names no column");
            switch (key)
            {
                case "time":
                    (time, unitNs) = Unit(text, column);
                    break;
                case "input":
                    input = column;
                    break;
                case "output":
                    output = column;
                    break;
                case "session":
                    session = column;
                    break;
                default:
                    throw Bad(text, $"\"{key}\" is unknown");
            }
        }
        if (input is null || output is null)
            throw Bad(text, "input or output is missing");
        return new ColumnMap { Time = time, UnitNs = unitNs, Input = input, Output = output,
            Session = session };
    }

    /// <summary>Whether any column's name begins so.</summary>
    internal bool Mentions(string beginning)
    {
        return Begins(Time) || Begins(Input) || Begins(Output) || Begins(Session);

        bool Begins(string? column) => column?.StartsWith(beginning, StringComparison.Ordinal) == true;
    }

    public override string ToString()
    {
        var unit = UnitNs switch { 0 => "iso", 1 => "ns", 1_000 => "us", 1_000_000 => "ms", _ => "s" };
        return (Time is null ? "" : $"time={Time}:{unit},") + $"input={Input},output={Output}"
            + (Session is null ? "" : $",session={Session}");
    }

    static (string Column, long UnitNs) Unit(string text, string column)
    {
        var colon = column.LastIndexOf(':');
        if (colon < 0)
            return (column, 1_000_000_000);
        var unitNs = column[(colon + 1)..] switch
        {
            "s" => 1_000_000_000L,
            "ms" => 1_000_000,
            "us" => 1_000,
            "ns" => 1,
            "iso" => 0,
            var unit => throw Bad(text, $"\"{unit}\" is no unit of time"),
        };
        return (column[..colon], unitNs);
    }

    static BadInputException Bad(string text, string what) =>
        new($"column map \"{text}\": {what}; expected "
            + "time=COLUMN[:s|ms|us|ns|iso],input=COLUMN,output=COLUMN[,session=COLUMN]");
}
