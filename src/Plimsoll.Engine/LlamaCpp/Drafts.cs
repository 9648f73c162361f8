using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Plimsoll.Engine.Drafting;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// The guesses of a step: what earlier text says, which costs nothing, and for whom that says nothing what a
/// draft model does.
/// </summary>
sealed class Drafts : IDisposable
{
    readonly Drafter? _text;
    readonly DraftModel? _model;
    readonly List<int> _tokens = [];
    readonly List<(Sequence Sequence, int Most)> _asks = [];
    readonly List<int> _asking = [];

    /// <param name="fromText">Whether earlier text is looked through.</param>
    /// <param name="model">A draft model; null for none.</param>
    public Drafts(bool fromText, DraftModel? model)
    {
        _text = fromText ? new Drafter() : null;
        _model = model;
    }

    /// <summary>An item's drafts of this step.</summary>
    public ReadOnlySpan<int> Of(in StepWorkItem item) =>
        CollectionsMarshal.AsSpan(_tokens).Slice(item.FirstDraft, item.Drafts);

    /// <summary>Gives the items their drafts.</summary>
    public void Guess(Span<StepWorkItem> work)
    {
        _tokens.Clear();
        _asks.Clear();
        _asking.Clear();
        for (var i = 0; i < work.Length; i++)
        {
            ref var item = ref work[i];
            // Without KV it was cancelled since the step was planned.
            if (item.MostDrafts == 0 || item.Sequence.Kv == KvStore.None)
                continue;
            if (_text is not null)
                Keep(ref item, FromText(item));
            if (item.Drafts > 0 || _model is null)
                continue;
            _asks.Add((item.Sequence, item.MostDrafts));
            _asking.Add(i);
        }
        if (_asks.Count == 0)
            return;
        var guesses = _model!.Guess(_asks);
        foreach (var i in _asking)
            Keep(ref work[i], CollectionsMarshal.AsSpan(guesses[work[i].Sequence.Kv]));
    }

    /// <summary>A finished text is where its tenant's next ones are looked for.</summary>
    public void Remember(Sequence sequence) =>
        _text?.Remember(sequence.Request.Tenant, CollectionsMarshal.AsSpan(sequence.Tokens));

    /// <summary>A sequence's KV is gone.</summary>
    public void Forget(int kv) => _model?.Forget(kv);

    public void Dispose() => _model?.Dispose();

    ReadOnlySpan<int> FromText(in StepWorkItem item)
    {
        var text = CollectionsMarshal.AsSpan(item.Sequence.Tokens);
        var runs = item.Sequence.Runs ??= new RunIndex();
        runs.AddRest(text);
        return _text!.Guess(item.Sequence.Request.Tenant, runs, text, item.MostDrafts);
    }

    void Keep(ref StepWorkItem item, ReadOnlySpan<int> guesses)
    {
        item = item with { FirstDraft = _tokens.Count, Drafts = guesses.Length };
        _tokens.AddRange(guesses);
    }
}
