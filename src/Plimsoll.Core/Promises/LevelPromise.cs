using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Core.Promises;

/// <summary>A level of service and the limits that its requests were promised.</summary>
/// <param name="Spec">What a scheduler knows of it.</param>
/// <param name="Limits">What its requests are judged by.</param>
/// <param name="IsStated">Whether anybody said more of it than its name.</param>
public sealed record LevelPromise(ServiceLevelSpec Spec, IReadOnlyList<Limit> Limits, bool IsStated = true)
{
    const string Form =
        "NAME: and after it limits such as ttft p95 500ms, and priority N, queue, reject or relegate, "
        + "batch, weight N or share X, separated by commas";

    /// <summary>One level that promises nothing.</summary>
    public static LevelPromise None { get; } = new(ServiceLevelSpec.Default, []);

    /// <summary>The level with these limits, the loosest of a kind as its deadline.</summary>
    public static LevelPromise Of(ServiceLevelSpec spec, IReadOnlyList<Limit> limits) => new(
        spec with
        {
            TtftNs = Loosest(limits, Metric.Ttft) ?? spec.TtftNs,
            ItlNs = Loosest(limits, Metric.Itl) ?? Loosest(limits, Metric.Tpot) ?? spec.ItlNs,
            CompletionNs = Loosest(limits, Metric.E2e) ?? spec.CompletionNs,
        },
        Checked(spec.Name, limits));

    /// <summary>
    /// A level of which only the name is known: batch by name promises nothing and goes last.
    /// </summary>
    public static LevelPromise Named(string name, IReadOnlyList<Limit> promise) =>
        string.Equals(name, ServiceLevelSpec.Batch.Name, StringComparison.OrdinalIgnoreCase)
            ? new LevelPromise(ServiceLevelSpec.Batch with { Name = name }, [])
            : Of(new ServiceLevelSpec { Name = name }, promise);

    /// <summary>
    /// Reads <c>premium: ttft p95 300ms, itl p99 60ms, reject</c> or <c>nightly: batch, weight 3</c>.
    /// </summary>
    public static LevelPromise Parse(string text)
    {
        var colon = text.IndexOf(':');
        if (colon <= 0 || text[..colon].Trim().Length == 0)
            throw new BadInputException($"{Setting.Level} \"{text}\"", "has no name", Form);
        if (text[(colon + 1)..].Trim().Length == 0)
            throw new BadInputException($"{Setting.Level} \"{text}\"", "says nothing of the level", Form);
        var spec = new ServiceLevelSpec { Name = text[..colon].Trim() };
        var limits = new List<Limit>();
        var kinds = new HashSet<string>();
        foreach (var part in text[(colon + 1)..].Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (Worded(spec, words) is { } said)
            {
                if (!kinds.Add(words[0] is "queue" or "relegate" ? "reject" : words[0]))
                {
                    throw new BadInputException($"{Setting.Level} \"{text}\"",
                        $"\"{part}\" is said beside another of its kind", Form);
                }
                spec = said;
            }
            else if (words.Length == 3)
            {
                limits.Add(PromiseText.Parse(part, Setting.Level));
            }
            else
            {
                throw new BadInputException(
                    $"{Setting.Level} \"{text}\"", $"\"{part}\" is none of these", Form);
            }
        }
        CheckClass(text, spec, limits);
        return Of(spec, limits);
    }

    /// <summary>
    /// Batch work has a time to be done in and a share of the engine; deadlines of tokens and what becomes of
    /// those that cannot be kept are of interactive levels.
    /// </summary>
    static void CheckClass(string text, ServiceLevelSpec spec, List<Limit> limits)
    {
        var isBatch = spec.Class == ServiceClass.Batch;
        var problem = (isBatch, spec) switch
        {
            (true, { Overload: Overload.Reject }) => "batch work is not turned away",
            (true, { Overload: Overload.Relegate }) => "batch work is batch already",
            (true, _) when limits.Exists(l => l.Metric != Metric.E2e) =>
                "batch work is promised the whole answer only, e2e",
            (false, { MinShare: > 0 }) => "a share is promised to batch work only",
            (false, { Weight: > 1 }) => "a weight is of batch work only",
            _ => null,
        };
        if (problem is not null)
            throw new BadInputException($"{Setting.Level} \"{text}\"", problem, Form);
    }

    /// <summary>The level with what these words say of it; null where they say nothing.</summary>
    static ServiceLevelSpec? Worded(ServiceLevelSpec spec, string[] words) => words switch
    {
        ["batch"] => spec with { Class = ServiceClass.Batch },
        ["queue"] => spec with { Overload = Overload.Queue },
        ["reject"] => spec with { Overload = Overload.Reject },
        ["relegate"] => spec with { Overload = Overload.Relegate },
        ["priority", var text] when int.TryParse(
            text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) =>
            spec with { Priority = priority },
        ["weight", var text] when int.TryParse(
            text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight)
            && weight is >= 1 and <= 1000 => spec with { Weight = weight },
        ["share", var text] when double.TryParse(
            text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
            && share is >= 0 and <= 1 => spec with { MinShare = share },
        _ => null,
    };

    static IReadOnlyList<Limit> Checked(string name, IReadOnlyList<Limit> limits)
    {
        var ofGaps = 0;
        foreach (var limit in limits)
            ofGaps += limit.Metric == Metric.Itl ? 1 : 0;
        return ofGaps <= LateGaps.Most ? limits : throw new BadInputException(
            $"level {name} has {ofGaps} limits of itl; expected at most {LateGaps.Most}");
    }

    static long? Loosest(IReadOnlyList<Limit> limits, Metric metric)
    {
        long? loosest = null;
        foreach (var limit in limits)
        {
            if (limit.Metric == metric && !(limit.LimitNs <= loosest))
                loosest = limit.LimitNs;
        }
        return loosest;
    }
}
