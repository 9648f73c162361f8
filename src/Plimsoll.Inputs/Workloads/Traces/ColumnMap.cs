using System;
using System.Collections.Generic;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Which columns (CSV) or fields (JSON lines; <c>usage.prompt_tokens</c> for one inside another) of a log
/// hold what, as the user writes it: <c>time=col[:s|ms|us|ns|iso],input=col,output=col</c> and, where the log
/// has them, <c>session, tenant, level, priority, adapter, ttft, itl, e2e</c>. Without a time the log is
/// lengths only; a time without a unit is in seconds, a deadline in milliseconds.
/// </summary>
public sealed record ColumnMap
{
    const string Form =
        "expected time=COLUMN[:s|ms|us|ns|iso],input=COLUMN,output=COLUMN[,session=COLUMN,tenant=COLUMN,"
        + "level=COLUMN,priority=COLUMN,adapter=COLUMN,ttft=COLUMN:ms,itl=COLUMN:ms,e2e=COLUMN:ms]";

    /// <summary>Null when the log has no times.</summary>
    public string? Time { get; init; }

    /// <summary>Nanoseconds per unit of time; 0 when times are ISO dates.</summary>
    public long UnitNs { get; init; } = 1_000_000_000;

    public required string Input { get; init; }

    public required string Output { get; init; }

    public string? Session { get; init; }

    public string? Tenant { get; init; }

    /// <summary>The name of a request's level of service.</summary>
    public string? Level { get; init; }

    public string? Priority { get; init; }

    public string? Adapter { get; init; }

    /// <summary>Deadlines of single requests.</summary>
    public TimeColumn? Ttft { get; init; }

    public TimeColumn? Itl { get; init; }

    public TimeColumn? E2e { get; init; }

    /// <summary>Reads the user's form; <see cref="BadInputException"/> says what is wrong with it.</summary>
    public static ColumnMap Parse(string text)
    {
        var map = new ColumnMap { Input = "", Output = "" };
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            var (key, column) = equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
            if (column.Length == 0)
                throw Bad(text, $"\"{part}\" names no column");
            map = key switch
            {
                "time" => map with { Time = Split(text, column, 0).Column,
                    UnitNs = Split(text, column, 1_000_000_000).UnitNs },
                "input" => map with { Input = column },
                "output" => map with { Output = column },
                "session" => map with { Session = column },
                "tenant" => map with { Tenant = column },
                "level" => map with { Level = column },
                "priority" => map with { Priority = column },
                "adapter" => map with { Adapter = column },
                "ttft" => map with { Ttft = Duration(text, column) },
                "itl" => map with { Itl = Duration(text, column) },
                "e2e" => map with { E2e = Duration(text, column) },
                _ => throw Bad(text, $"\"{key}\" is unknown"),
            };
        }
        return map.Input.Length > 0 && map.Output.Length > 0 ? map
            : throw Bad(text, "input or output is missing");
    }

    /// <summary>Whether any column's name begins so.</summary>
    internal bool Mentions(string beginning)
    {
        foreach (var (_, column) in Columns())
        {
            if (column.StartsWith(beginning, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    public override string ToString()
    {
        var parts = new List<string>();
        foreach (var (key, column) in Columns())
            parts.Add(key == "time" ? $"time={column}:{UnitName()}" : $"{key}={column}");
        return string.Join(',', parts);
    }

    IEnumerable<(string Key, string Column)> Columns()
    {
        foreach (var (key, column) in ((string, string?)[])
        [
            ("time", Time), ("input", Input), ("output", Output), ("session", Session), ("tenant", Tenant),
            ("level", Level), ("priority", Priority), ("adapter", Adapter), ("ttft", Ttft?.Column),
            ("itl", Itl?.Column), ("e2e", E2e?.Column),
        ])
        {
            if (column is not null)
                yield return (key, column);
        }
    }

    string UnitName() => UnitNs switch { 0 => "iso", 1 => "ns", 1_000 => "us", 1_000_000 => "ms", _ => "s" };

    static TimeColumn Duration(string text, string column)
    {
        var duration = Split(text, column, 1_000_000);
        return duration.UnitNs > 0 ? duration : throw Bad(text, "a deadline is no date");
    }

    static TimeColumn Split(string text, string column, long unitNs)
    {
        var colon = column.LastIndexOf(':');
        if (colon < 0)
            return new TimeColumn(column, unitNs);
        unitNs = column[(colon + 1)..] switch
        {
            "s" => 1_000_000_000L,
            "ms" => 1_000_000,
            "us" => 1_000,
            "ns" => 1,
            "iso" => 0,
            var unit => throw Bad(text, $"\"{unit}\" is no unit of time"),
        };
        return new TimeColumn(column[..colon], unitNs);
    }

    static BadInputException Bad(string text, string what) => new($"column map \"{text}\": {what}; {Form}");
}

/// <summary>A column of durations and its unit, nanoseconds.</summary>
public sealed record TimeColumn(string Column, long UnitNs);
