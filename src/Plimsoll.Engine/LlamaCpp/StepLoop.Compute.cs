using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Grammars;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>From a plan to batches, and from logits to tokens.</summary>
sealed partial class StepLoop
{
    readonly List<StepWorkItem> _work = [];
    readonly List<(int Item, int Row)> _rows = [];
    List<DrawnToken> _tokens = [];
    ChosenToken[] _chosen = new ChosenToken[64];
    int _abortedItems;
    int _stepDrafts;
    LlamaAdapter? _adapter;
    bool _adapterIsKnown;

    /// <summary>Writes down what the plan computes; KV of cached prefixes is taken.</summary>
    void Prepare(StepPlan plan)
    {
        _work.Clear();
        _tokens.Clear();
        _abortedItems = 0;
        _stepDrafts = 0;
        _stepHasImages = false;
        Array.Fill(_draftsByCohort, -1);
        foreach (ref readonly var run in plan.Cohorts)
        {
            if (run.Cohort >= _draftsByCohort.Length)
            {
                var known = _draftsByCohort.Length;
                Array.Resize(ref _draftsByCohort, Math.Max(run.Cohort + 1, 2 * known));
                Array.Fill(_draftsByCohort, -1, known, _draftsByCohort.Length - known);
            }
            _draftsByCohort[run.Cohort] = run.DraftTokens;
        }
        foreach (var sequence in _decoding)
        {
            var drafts = (uint)sequence.Cohort < (uint)_draftsByCohort.Length
                ? _draftsByCohort[sequence.Cohort] : -1;
            if (drafts >= 0 && plan.SkippedDecodes.IndexOf(sequence.Id) < 0)
            {
                Begin(new StepWorkItem(
                    sequence, sequence.Tokens.Count, WantsToken: true, 1, UsefulDrafts(sequence, drafts)));
            }
            else
            {
                Pauses++;
            }
        }
        foreach (ref readonly var chunk in plan.Chunks)
            Prepare(chunk);
        // Base model first, then each adapter: libllama computes a batch with one of them.
        if (_work.Exists(item => item.Sequence.Adapter is not null))
            _work.Sort((a, b) => Rank(a).CompareTo(Rank(b)));
    }

    static long Rank(in StepWorkItem item) => item.Sequence.Adapter?.Serial ?? 0;

    void Prepare(in PrefillChunk chunk)
    {
        if (!_live.TryGetValue(chunk.Request, out var sequence))
            return;
        if (sequence.Kv == KvStore.None)
        {
            sequence.Kv = _kv.Take(sequence.Id);
            sequence.KvTokens = _kv.Share(chunk.PrefixNode, chunk.CachedTokens, sequence.Kv);
            sequence.CachedTokens = sequence.KvTokens;
            sequence.Answer.CachedTokens = Math.Max(sequence.Answer.CachedTokens, sequence.KvTokens);
        }
        _stepHasImages |= sequence.HasImages;
        if (chunk.EndsPrompt)
            sequence.Cohort = chunk.Cohort;
        Begin(new StepWorkItem(sequence, chunk.Start + chunk.Tokens, chunk.EndsPrompt, chunk.Tokens));
    }

    void Begin(in StepWorkItem item)
    {
        var sequence = item.Sequence;
        (sequence.StepAborted, sequence.StepDrew, sequence.StepFinished) = (false, false, false);
        sequence.StepAccepted = 0;
        _work.Add(item);
    }

    /// <summary>
    /// No grammar is asked about guesses, none is of use beyond the answer's end, and images' names are none.
    /// </summary>
    static int UsefulDrafts(Sequence sequence, int most) => sequence.Grammar is not null || sequence.HasImages
        ? 0 : Math.Max(0, Math.Min(most, sequence.MostAnswerTokens - sequence.Emitted - 1));

    void Compute()
    {
        _context.Clear();
        _rows.Clear();
        DraftingNs = 0;
        if (_drafts is not null)
            Guess(_drafts);
        for (var i = 0; i < _work.Count; i++)
        {
            var item = _work[i];
            if (!Switch(item.Sequence.Adapter) || !Add(i, item))
            {
                Abandon(i);
                return;
            }
        }
        if (!Flush())
            Abandon(_work.Count);
    }

    void Guess(Drafts drafts)
    {
        var startNs = _clock.NowNs;
        drafts.Guess(CollectionsMarshal.AsSpan(_work));
        DraftingNs = _clock.NowNs - startNs;
    }

    /// <summary>
    /// Between steps: no adapter is in use, so that one may be freed. libllama tells adapters by their
    /// address, which the next one may get.
    /// </summary>
    public void ForgetAdapter()
    {
        _context.Use(null);
        _adapterIsKnown = false;
    }

    /// <summary>Ends the batch of another adapter. False when it was aborted.</summary>
    bool Switch(LlamaAdapter? adapter)
    {
        if (_adapterIsKnown && ReferenceEquals(adapter, _adapter))
            return true;
        if (!Flush())
            return false;
        _context.Use(adapter);
        (_adapter, _adapterIsKnown) = (adapter, true);
        return true;
    }

    /// <summary>
    /// Puts an item's tokens into batches, a full one at a time. False when one was aborted.
    /// </summary>
    bool Add(int index, in StepWorkItem item)
    {
        var sequence = item.Sequence;
        // A request that was cancelled while its step was planned needs nothing computed.
        if (sequence.Kv == KvStore.None)
            return true;
        var drafts = item.Drafts;
        if (_context.Count + 1 + drafts > _context.Options.StepTokens && !Flush())
            return false;
        for (var at = sequence.KvTokens; at < item.To; at = sequence.KvTokens)
        {
            if (sequence.HasImages && sequence.ImageAt(at) is { } image)
            {
                if (!Add(index, item, image))
                    return false;
                if (sequence.KvTokens <= at)
                    return true;
                continue;
            }
            var isLast = at == item.To - 1;
            var more = isLast ? 1 + drafts : 1;
            if ((_context.HoldsRows || _context.Count + more > _context.Options.StepTokens) && !Flush())
                return false;
            var row = _context.Add(sequence.Tokens[at], at, sequence.Kv, isLast && item.WantsToken);
            sequence.KvTokens = at + 1;
            if (isLast && item.WantsToken)
                _rows.Add((index, row));
        }
        for (var i = 0; i < drafts; i++)
            _context.Add(_drafts!.Of(item)[i], item.To + i, sequence.Kv, logits: true);
        return true;
    }

    /// <summary>Computes the batch and draws its tokens. False when it was aborted.</summary>
    bool Flush()
    {
        if (_context.Count == 0)
            return true;
        var whole = Decode();
        if (!whole)
            return false;
        Draw();
        _rows.Clear();
        _context.Clear();
        return true;
    }

    bool Decode()
    {
        var startNs = _clock.NowNs;
        try
        {
            return _context.Decode();
        }
        catch (NoCellsException)
        {
            // The scheduler counts blocks and libllama cells; what only the prefix cache holds gives way.
            _kv.DropRetained();
            return _context.Decode();
        }
        finally
        {
            ComputeNs += _clock.NowNs - startNs;
        }
    }

    /// <summary>
    /// The step was cut short. Of those not done yet, what whole micro-batches computed stays;
    /// no token is drawn.
    /// </summary>
    void Abandon(int reached)
    {
        AbortedSteps++;
        for (var i = 0; i < _work.Count; i++)
        {
            var item = _work[i];
            var sequence = item.Sequence;
            if (sequence.Kv == KvStore.None || sequence.StepDrew)
                continue;
            if (i <= reached)
                sequence.KvTokens = Math.Min(sequence.KvTokens, _context.Length(sequence.Kv));
            var most = item.WantsToken ? item.To - 1 : item.To;
            if (sequence.KvTokens > most || item.Drafts > 0)
            {
                sequence.KvTokens = Math.Min(most, sequence.KvTokens);
                _context.Trim(sequence.Kv, sequence.KvTokens);
            }
            sequence.StepAborted = sequence.KvTokens < item.To;
            _abortedItems += sequence.StepAborted ? 1 : 0;
        }
        _context.Clear();
        _rows.Clear();
    }

    /// <summary>Draws the batch's tokens: all first ones together, then what each comes to.</summary>
    void Draw()
    {
        if (_chosen.Length < _rows.Count)
            _chosen = new ChosenToken[Math.Max(_rows.Count, 2 * _chosen.Length)];
        var startNs = _clock.NowNs;
        for (var i = 0; i < _rows.Count; i++)
            _chosen[i] = _chooser.Choose(_work[_rows[i].Item].Sequence, _context.Logits(_rows[i].Row));
        DrawNs += _clock.NowNs - startNs;
        for (var i = 0; i < _rows.Count; i++)
            Draw(_work[_rows[i].Item], _rows[i].Row, _chosen[i]);
    }

    /// <summary>Takes an item's token, and as many after it as its drafts foresaw.</summary>
    void Draw(in StepWorkItem item, int row, ChosenToken chosen)
    {
        var sequence = item.Sequence;
        var accepted = 0;
        while (!Take(sequence, chosen) && accepted < item.Drafts
            && chosen.Token == _drafts!.Of(item)[accepted])
        {
            chosen = _chooser.Choose(sequence, _context.Logits(row + ++accepted));
        }
        if (item.Drafts == 0)
            return;
        DraftedTokens += item.Drafts;
        AcceptedDrafts += accepted;
        _stepDrafts += item.Drafts;
        sequence.StepAccepted = accepted;
        sequence.KvTokens = item.To + accepted;
        _context.Trim(sequence.Kv, sequence.KvTokens);
    }

    /// <summary>A token joins the answer. True when it ends it.</summary>
    bool Take(Sequence sequence, in ChosenToken chosen)
    {
        if (sequence.IsDone)
            return true;
        var isEnd =
            chosen.Token < 0 || (_context.Model.Tokenizer.IsEnd(chosen.Token) && !sequence.IgnoresEnd);
        if (chosen.Token >= 0)
            sequence.Tokens.Add(chosen.Token);
        var finish = isEnd ? FinishReason.Stop
            : sequence.Emitted >= sequence.MostAnswerTokens ? FinishReason.Length : FinishReason.None;
        var text = chosen.Token switch
        {
            TokenChooser.NoNumbers => Broken(ref finish),
            TokenChooser.TooCostly => Refused(ref finish),
            _ => sequence.IsPlain ? null : Watch(sequence, chosen, ref finish),
        };
        sequence.IsDone = finish != FinishReason.None;
        sequence.StepDrew = true;
        sequence.StepFinished = sequence.IsDone;
        _tokens.Add(new DrawnToken(sequence, chosen, text, finish));
        return sequence.IsDone;
    }

    /// <summary>An answer that cannot go on failed; it did not stop of itself.</summary>
    static string Broken(ref FinishReason finish)
    {
        finish = FinishReason.Failed;
        return "the model computed no finite logits: its weights, or its adapter's, are damaged";
    }

    /// <summary>An answer that its request makes impossible; the others go on.</summary>
    static string Refused(ref FinishReason finish)
    {
        finish = FinishReason.Refused;
        return new GrammarTooCostlyException().Message;
    }

    /// <summary>The text of an answer that its own text may end, or bear on what follows.</summary>
    static string Watch(Sequence sequence, in ChosenToken chosen, ref FinishReason finish)
    {
        if (chosen.Token >= 0)
        {
            sequence.Sampler.Accept(chosen.Token);
            sequence.Grammar?.Accept(chosen.Token);
        }
        var text = "";
        if (finish != FinishReason.Stop)
        {
            (text, var stopped) = sequence.Stops.Add(sequence.Text.Add(chosen.Token));
            if (stopped)
            {
                finish = FinishReason.Stop;
                return text;
            }
        }
        if (finish == FinishReason.None)
            return text;
        var (rest, stoppedLast) = sequence.Stops.Add(sequence.Text.Flush());
        finish = stoppedLast ? FinishReason.Stop : finish;
        return text + rest + (stoppedLast ? "" : sequence.Stops.Flush());
    }
}
