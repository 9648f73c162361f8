using System;
using System.Collections.Generic;
using System.Diagnostics;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Serving;

/// <summary>A service level: what is promised, and how the engine is told.</summary>
public sealed record Level
{
    public required string Name { get; init; }

    public long? TtftNs { get; init; }

    public long? ItlNs { get; init; }

    public long? WindowNs { get; init; }

    public Overload Overload { get; init; }

    public double MinShare { get; init; }

    public int Weight { get; init; } = 1;

    /// <summary>What <c>service_tier</c> says of an answer at this level.</summary>
    public required string ServiceTier { get; init; }

    public ServiceClass Class => WindowNs is null ? ServiceClass.Interactive : ServiceClass.Batch;
}

/// <summary>The configured levels, and which of them a request gets.</summary>
public sealed class Levels
{
    readonly Dictionary<string, Level> _byName = new(StringComparer.Ordinal);
    readonly Dictionary<string, Level> _byTier = new(StringComparer.Ordinal);

    public Levels(IReadOnlyDictionary<string, LevelConfig> config)
    {
        foreach (var (name, promise) in config)
        {
            var level = new Level
            {
                Name = name,
                TtftNs = Nanoseconds(promise.Ttft, name),
                ItlNs = Nanoseconds(promise.Itl, name),
                WindowNs = Nanoseconds(promise.Window, name),
                Overload = promise.WhenFull switch
                {
                    "queue" => Overload.Queue,
                    "reject" => Overload.Reject,
                    "relegate" => Overload.Relegate,
                    _ => throw new UnreachableException(promise.WhenFull),
                },
                MinShare = promise.Share ?? 0,
                Weight = promise.Weight ?? 1,
                ServiceTier = promise.ServiceTiers.Count > 0 ? promise.ServiceTiers[0] : "default",
            };
            _byName.Add(name, level);
            Default ??= level;
            if (level.Class == ServiceClass.Batch)
                Batch ??= level;
            foreach (var tier in promise.ServiceTiers)
                _byTier.TryAdd(tier, level);
        }
        Batch ??= new Level { Name = "batch", WindowNs = 86_400_000_000_000, ServiceTier = "flex" };
    }

    public IReadOnlyCollection<Level> All => _byName.Values;

    /// <summary>The levels as a scheduler takes them.</summary>
    public IReadOnlyList<ServiceLevelSpec> Specs
    {
        get
        {
            var specs = new List<ServiceLevelSpec>();
            foreach (var level in _byName.Values)
            {
                specs.Add(new ServiceLevelSpec
                {
                    Name = level.Name,
                    Class = level.Class,
                    TtftNs = level.TtftNs,
                    ItlNs = level.ItlNs,
                    CompletionNs = level.WindowNs,
                    Priority = level.Class == ServiceClass.Batch ? 1 : 0,
                    Overload = level.Overload,
                    MinShare = level.MinShare,
                    Weight = level.Weight,
                });
            }
            return specs;
        }
    }

    public Level Default { get; } = null!;

    /// <summary>The level of batch lines.</summary>
    public Level Batch { get; }

    /// <summary>The level of that name; null when there is none.</summary>
    public Level? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>
    /// The level that <c>service_tier</c> asks for: <c>auto</c> and nothing mean the tenant's own; a level's
    /// name is as good as a tier.
    /// </summary>
    public Level Choose(string? serviceTier, string? tenantLevel)
    {
        if (serviceTier is null or "auto")
            return tenantLevel is null ? Default : Find(tenantLevel) ?? Default;
        return _byTier.GetValueOrDefault(serviceTier) ?? Find(serviceTier)
            ?? throw ApiException.Bad(
                $"service_tier {serviceTier} is unknown; expected auto, {string.Join(", ", _byTier.Keys)}",
                    "service_tier");
    }

    static long? Nanoseconds(string? text, string level) =>
        text is null ? null : PromiseText.Duration(text, $"level {level}");
}
