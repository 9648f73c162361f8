using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Server.Cascade;

namespace Plimsoll.Server.Serving;

/// <summary>What is served, by name: engines here, their adapters, and models of upstreams.</summary>
public sealed class ModelDirectory : IAsyncDisposable
{
    readonly Dictionary<string, LocalModel> _local = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, string> _owners = new(StringComparer.Ordinal);

    public IReadOnlyCollection<LocalModel> Local => _local.Values;

    /// <summary>The engine that is meant where none is named.</summary>
    public LocalModel First
    {
        get
        {
            foreach (var model in _local.Values)
                return model;
            throw ApiException.NotFound("No model is served by an engine here.", "model");
        }
    }

    /// <summary>Names behind which two models stand.</summary>
    public Dictionary<string, CascadeModel> Cascades { get; } = new(StringComparer.Ordinal);

    public void Add(LocalModel model) => _local.Add(model.Name, model);

    /// <summary>What a tenant's own data made is that tenant's alone.</summary>
    public void Own(string adapter, string tenant) => _owners[adapter] = tenant;

    /// <summary>Whether a tenant may know of a model; the server itself, null, may of every one.</summary>
    public bool IsFor(string? tenant, string name) =>
        tenant is null || !_owners.TryGetValue(name, out var owner) || owner == tenant;

    /// <summary>The engine that serves a model or adapter of that name here; null when none does.</summary>
    /// <param name="name">As the request has it.</param>
    /// <param name="tenant">Who asks; null: the server itself.</param>
    /// <param name="adapter">The adapter, when the name is one's.</param>
    public LocalModel? FindLocal(string name, string? tenant, out string? adapter)
    {
        adapter = null;
        if (!IsFor(tenant, name))
            return null;
        if (_local.TryGetValue(name, out var model))
            return model;
        foreach (var candidate in _local.Values)
        {
            foreach (var loaded in candidate.Engine.Adapters)
            {
                if (loaded.Name != name)
                    continue;
                adapter = name;
                return candidate;
            }
        }
        return null;
    }

    /// <summary>Whether a name is another model's or its adapter's: this one cannot have it.</summary>
    public bool IsAnothers(string name, LocalModel model) =>
        Cascades.ContainsKey(name) || (FindLocal(name, null, out _) is { } holder && holder != model);

    public async ValueTask DisposeAsync()
    {
        foreach (var model in _local.Values)
            await model.DisposeAsync();
    }
}
