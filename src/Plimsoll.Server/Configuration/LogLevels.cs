using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Server.Configuration;

/// <summary>
/// Which log lines are written: the longest prefix of a line's category decides, <c>default</c> where none
/// fits. Read again when the configuration is.
/// </summary>
sealed class LogLevels
{
    const string Usual = "default";

    volatile (string Prefix, LogLevel Level)[] _rules = [];

    public void Configure(IReadOnlyDictionary<string, string> table) => _rules =
        [.. table.Select(rule => (rule.Key == Usual ? "" : rule.Key, Parse(rule.Value)!.Value))
            .OrderByDescending(rule => rule.Item1.Length)];

    public bool IsEnabled(string? category, LogLevel level)
    {
        foreach (var (prefix, least) in _rules)
        {
            if (category is null ? prefix.Length == 0 : category.StartsWith(prefix, StringComparison.Ordinal))
                return level >= least && least != LogLevel.None;
        }
        return level >= LogLevel.Warning;
    }

    /// <summary>A level by its name; null when there is none of that name.</summary>
    public static LogLevel? Parse(string name) => name switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "information" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "critical" => LogLevel.Critical,
        "none" => LogLevel.None,
        _ => null,
    };
}
