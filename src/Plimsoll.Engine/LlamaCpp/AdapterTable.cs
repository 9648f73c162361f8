using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>One request's hold on an adapter.</summary>
/// <param name="adapter">The adapter.</param>
/// <param name="place">Its number in the scheduler, from 1.</param>
/// <param name="release">Ends the hold.</param>
sealed class AdapterLease(LlamaAdapter adapter, int place, Action release) : IDisposable
{
    int _released;

    public LlamaAdapter Adapter { get; } = adapter;

    public int Place => place;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
            release();
    }
}

/// <summary>
/// The adapters that requests may name. One that is withdrawn takes no new requests, and is freed when its
/// last one is done: libllama would compute with memory that is another's.
/// </summary>
sealed class AdapterTable(LlamaModel model) : IDisposable
{
    sealed class Entry(LlamaAdapter adapter, int place)
    {
        public int Place => place;

        public LlamaAdapter Adapter { get; } = adapter;

        public int Users { get; set; }

        public TaskCompletionSource? Idle { get; set; }
    }

    readonly Lock _gate = new();
    readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    readonly Lazy<string> _baseHash = new(() =>
    {
        using var file = GgufFile.Open(model.Path);
        return file.Text(AdapterIdentity.WeightsKey) ?? file.WeightHash();
    });

    public IReadOnlyCollection<AdapterFacts> Facts
    {
        get
        {
            lock (_gate)
            {
                var facts = new List<AdapterFacts>();
                foreach (var (name, entry) in _entries)
                {
                    if (entry.Idle is null)
                        facts.Add(new AdapterFacts(name, entry.Adapter.Path));
                }
                return facts;
            }
        }
    }

    /// <summary>On the engine's thread.</summary>
    public LlamaAdapter Load(string name, string path)
    {
        lock (_gate)
        {
            if (_entries.ContainsKey(name))
                throw new BadInputException($"The lora adapter '{name}' has already been loaded.");
        }
        var adapter = LlamaAdapter.Load(model, name, path, () => _baseHash.Value);
        lock (_gate)
            _entries.Add(name, new Entry(adapter, FreePlace()));
        return adapter;
    }

    int FreePlace()
    {
        var place = 1;
        while (_entries.Values.Any(entry => entry.Place == place))
            place++;
        return place;
    }

    public AdapterLease? Take(string name)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(name, out var entry) || entry.Idle is not null)
                return null;
            entry.Users++;
            return new AdapterLease(entry.Adapter, entry.Place, () => Release(entry));
        }
    }

    /// <summary>Takes no more requests for it; ends when the last is done. Null when there is none.</summary>
    public Task? Withdraw(string name)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(name, out var entry) || entry.Idle is not null)
                return null;
            entry.Idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (entry.Users == 0)
                entry.Idle.SetResult();
            return entry.Idle.Task;
        }
    }

    /// <summary>On the engine's thread, once nobody uses it.</summary>
    public bool Free(string name)
    {
        lock (_gate)
        {
            if (!_entries.Remove(name, out var entry))
                return false;
            entry.Adapter.Dispose();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Values)
            {
                entry.Idle?.TrySetResult();
                entry.Adapter.Dispose();
            }
            _entries.Clear();
        }
    }

    void Release(Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Users == 0)
                entry.Idle?.TrySetResult();
        }
    }
}
