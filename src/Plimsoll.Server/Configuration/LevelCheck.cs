using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Server.Configuration;

/// <summary>What levels of service say fits together, before anybody is promised it.</summary>
static class LevelCheck
{
    public static void Check(ServeConfig config, string name)
    {
        if (config.Levels.Count == 0)
            throw new BadInputException($"{name}: levels is empty; expected at least one");
        var tiers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (level, promise) in config.Levels)
        {
            var where = $"{name}: level {level}";
            foreach (var (key, text) in new[] { ("ttft", promise.Ttft), ("itl", promise.Itl),
                ("window", promise.Window) })
            {
                if (text is not null)
                    PromiseText.Duration(text, $"{where}: {key}");
            }
            if (promise.Window is not null && (promise.Ttft ?? promise.Itl) is not null)
                throw new BadInputException($"{where}: expected latencies or a window, not both");
            Shares(where, promise);
            WhenFull(where, promise, config.Levels.Values.Any(other => other.Window is not null));
            foreach (var tier in promise.ServiceTiers)
            {
                if (!tiers.Add(tier))
                {
                    throw new BadInputException(
                        $"{where}: service_tier {tier} is another level's; expected it once");
                }
            }
        }
        Shared(config, name);
    }

    /// <summary>Shares and weights are of work that waits for what is left.</summary>
    static void Shares(string where, LevelConfig level)
    {
        if (level.Window is null && (level.Share is not null || level.Weight is not null))
        {
            throw new BadInputException(
                $"{where}: share and weight are promised to batch work; expected a window beside them");
        }
        if (level.Share is { } share && !(share is >= 0 and <= 1))
        {
            throw new BadInputException(
                FormattableString.Invariant($"{where}: share {share}: expected 0 to 0.99"));
        }
        if (level.Weight is < 1 or > 1000)
            throw new BadInputException($"{where}: weight {level.Weight}: expected 1 to 1000");
    }

    /// <summary>What is promised to all together can be kept, and somebody keeps it.</summary>
    static void Shared(ServeConfig config, string name)
    {
        var left = ServiceLevelSpec.MostShared(config.Levels.Values.Any(level => level.Window is null));
        var isKept = config.Models.Exists(
            model => Slack(model.Simulated?.Policy) || Slack(model.Llama?.Policy));
        foreach (var (level, promise) in config.Levels)
        {
            if (!isKept && (promise.Share ?? promise.Weight) is not null)
            {
                throw new BadInputException($"{name}: level {level}: nobody keeps its share or weight; "
                    + "expected a model with simulated or llama of the policy "
                    + SchedulingPolicy.InSlack.Name);
            }
            if (promise.Share > left + 1e-9)
            {
                throw new BadInputException(FormattableString.Invariant(
                    $"{name}: level {level}: share {promise.Share}: expected at most {left:0.##}"));
            }
            left -= promise.Share ?? 0;
        }

        static bool Slack(string? policy) =>
            SchedulingPolicy.All.TryFind(policy, out var found) && found.Slack is not null;
    }

    /// <summary>A request that comes too late can be turned away or put off where somebody waits.</summary>
    static void WhenFull(string where, LevelConfig level, bool hasBatch)
    {
        var expected = level.WhenFull switch
        {
            "queue" => null,
            "reject" or "relegate" when level.Window is not null =>
                "queue: a level with a window is batch already",
            "reject" => null,
            "relegate" when hasBatch => null,
            "relegate" => "queue or reject, or a level with a window that it could lead to",
            _ => "queue, reject or relegate",
        };
        if (expected is not null)
            throw new BadInputException($"{where}: when_full {level.WhenFull}: expected {expected}");
    }
}
