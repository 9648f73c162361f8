using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Inputs.Choices;

/// <summary>
/// What is served, on what, how fast it was promised and how it is simulated: the one record under every
/// verb that asks what serving would be like. No name is left to look up, no number to check.
/// </summary>
public sealed record Serving
{
    public required DeploymentChoice Deployment { get; init; }

    public required Workload Workload { get; init; }

    /// <summary>Mean demand on the whole fleet, requests per second.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>
    /// The levels of service that requests name by their place here, each with its promise. One, where the
    /// workload tells none apart.
    /// </summary>
    public required IReadOnlyList<LevelPromise> Levels { get; init; }

    public SchedulingPolicy Policy { get; init; } = SchedulingPolicy.VllmV1;

    /// <summary>Requests of each simulated run; null leaves it to what the run is for.</summary>
    public long? Requests { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>Every limit of every level.</summary>
    public IEnumerable<Limit> Limits
    {
        get
        {
            foreach (var level in Levels)
            {
                foreach (var limit in level.Limits)
                    yield return limit;
            }
        }
    }

    /// <summary>Mean prompt and answer of a request, tokens.</summary>
    public int MeanContextTokens => (int)(Workload.MeanPromptTokens + Workload.MeanOutputTokens);

    /// <summary>
    /// The promise of each of a workload's levels: as stated for the level's name, else as the workload
    /// states it, else the promise of all; of what is called batch, none.
    /// </summary>
    /// <param name="workload">Names its levels, or none.</param>
    /// <param name="promise">Limits where a level has none of its own.</param>
    /// <param name="stated">Levels with promises of their own; one that the workload lacks is bad
    /// input.</param>
    public static IReadOnlyList<LevelPromise> LevelsOf(
        Workload workload, IReadOnlyList<Limit> promise, IReadOnlyList<LevelPromise> stated)
    {
        var levels = new List<LevelPromise>();
        foreach (var own in workload.Levels)
        {
            var unstated = own.IsStated ? own : LevelPromise.Named(own.Spec.Name, promise);
            levels.Add(Find(stated, own.Spec.Name) ?? unstated);
        }
        if (levels.Count == 0)
        {
            levels.Add(Find(stated, ServiceLevelSpec.Default.Name)
                ?? LevelPromise.Of(ServiceLevelSpec.Default, promise));
        }
        foreach (var level in stated)
        {
            if (Find(stated, level.Spec.Name) != level)
            {
                throw new Core.BadInputException(
                    $"{Core.Setting.Level} {level.Spec.Name}", "is said twice", "each level once");
            }
            if (Find(levels, level.Spec.Name) is null)
            {
                throw new Core.BadInputException(
                    $"{Core.Setting.Level} {level.Spec.Name}",
                        $"{workload.Name} has no request of that level",
                    string.Join(", ", System.Linq.Enumerable.Select(levels, l => l.Spec.Name)));
            }
        }
        CheckShares(levels);
        return levels;
    }

    static void CheckShares(List<LevelPromise> levels)
    {
        var left = ServiceLevelSpec.MostShared(levels.Exists(l => l.Spec.Class == ServiceClass.Interactive));
        foreach (var level in levels)
        {
            if (level.Spec.MinShare > left + 1e-9)
            {
                throw new Core.BadInputException(
                    FormattableString.Invariant(
                        $"{Core.Setting.Level} {level.Spec.Name}: share {level.Spec.MinShare:0.##}"),
                    "is more than the others leave", FormattableString.Invariant($"at most {left:0.##}"));
            }
            left -= level.Spec.MinShare;
        }
    }

    static LevelPromise? Find(IReadOnlyList<LevelPromise> levels, string name)
    {
        foreach (var level in levels)
        {
            if (string.Equals(level.Spec.Name, name, StringComparison.OrdinalIgnoreCase))
                return level;
        }
        return null;
    }
}
