using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Cascade;

/// <summary>A name behind which two models stand: the small one is asked first.</summary>
public sealed class CascadeModel(string name, CascadeConfig config, DateTimeOffset created)
{
    readonly ConcurrentDictionary<string, long> _outcomes = new(StringComparer.Ordinal);

    public string Name => name;

    /// <summary>The small model.</summary>
    public string First => config.First;

    /// <summary>The large one.</summary>
    public string Then => config.Then;

    public CascadeRule Rule { get; } = new(config.EscalateWhen);

    public DateTimeOffset Created => created;

    /// <summary>Requests by why the large model was asked; <c>accepted</c> where it was not.</summary>
    public IReadOnlyDictionary<string, long> Outcomes => _outcomes;

    /// <param name="reason">Why the large model is asked; null where it is not.</param>
    public void Count(string? reason) =>
        _outcomes.AddOrUpdate(reason ?? "accepted", 1, (_, count) => count + 1);
}
