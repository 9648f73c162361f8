using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>The tables behind <see cref="StepTimeModel"/> and the arithmetic that joins them.</summary>
sealed class StepTables
{
    const int TokenOctaves = 17;
    const int PageOctaves = 17;
    const int RowOctaves = 13;

    readonly IStepTerms _terms;
    readonly EngineOverheadSpec _overhead;
    readonly StepScale _scale;
    readonly LogTable _tokens = new(TokenOctaves);
    readonly LogTable _elementwise = new(TokenOctaves);
    readonly LogTable _experts = new(TokenOctaves);
    readonly LogTable _communication = new(TokenOctaves);
    readonly LogTable _hops = new(TokenOctaves);
    readonly LogTable _lmHead = new(RowOctaves);
    readonly int _pipeline;
    readonly int _layers;
    readonly bool _mixes;
    readonly SpeculationSpec? _speculation;
    readonly TwoBatchOverlap? _overlap;

    public StepTables(
        Deployment deployment, EfficiencyCurves curves, EngineOverheadSpec overhead, StepScale scale,
        List<string> notes)
    {
        _overhead = overhead;
        _scale = scale;
        _pipeline = deployment.PipelineParallel;
        _layers = deployment.Model.Layers;
        _speculation = deployment.Engine.Speculation;
        _terms = curves.Steps is { } steps
            ? new MeasuredTerms(steps)
            : new KernelTimes(deployment, curves, overhead, notes);
        _mixes = _terms.MixesDecodes;
        for (var knot = 0; knot < _tokens.Knots; knot++)
        {
            TabulateTokens(knot, LogTable.ArgumentAt(knot));
        }
        _tokens.Monotone();
        _overlap = TwoBatchOverlap.Of(deployment, _tokens, _experts, _communication);
        for (var knot = 0; knot < _lmHead.Knots; knot++)
        {
            _lmHead[knot] = scale[StepTerm.Products] * _terms.LmHeadNs(LogTable.ArgumentAt(knot));
        }
        _lmHead.Monotone();
    }

    public DecodeRow Row(int decodes)
    {
        var sequences = Share(decodes);
        var attention = new LogTable(PageOctaves);
        for (var knot = 0; knot < attention.Knots; knot++)
        {
            // Half a page more than whole pages: the mean of the contexts that share the entry.
            var context = (StepTimeModel.PageTokens * (LogTable.ArgumentAt(knot) - 1))
                + (StepTimeModel.PageTokens / 2);
            attention[knot] = _scale[StepTerm.DecodeAttention]
                * _terms.DecodeNs(sequences, context);
        }
        attention.Monotone();
        var exposed = ExposedNs(decodes);
        var verified = sequences * Rows;
        var host = HostNs(decodes, decodes * Rows, prompts: false);
        var body = _tokens.At(Padded(verified));
        LogTable? added = null;
        if (_overlap is not null)
        {
            body = _overlap.Ns(Padded(verified), 0, prompts: false, decodes: true);
            added = new LogTable(PageOctaves);
            for (var knot = 0; knot < attention.Knots; knot++)
            {
                added[knot] =
                    _overlap.Ns(Padded(verified), attention[knot], prompts: false, decodes: true) - body;
            }
        }
        var accelerator = body + _lmHead.At(verified) + DraftNs(decodes) + exposed;
        var perToken = 1 / TokensPerStep;
        if (perToken < 1)
        {
            attention.Multiply(perToken);
            added?.Multiply(perToken);
        }
        return _overhead.Overlaps
            ? new DecodeRow(perToken * accelerator, perToken * (host + exposed), attention, added)
            : new DecodeRow(perToken * (accelerator + host), 0, attention, added);
    }

    /// <summary>
    /// Tokens of a decoding sequence in one step: the last one and the drafts that are verified.
    /// </summary>
    int Rows => 1 + (_speculation?.DraftTokens ?? 0);

    /// <summary>Tokens that a decoding sequence gains by one step, on average.</summary>
    double TokensPerStep => _speculation?.AcceptanceLength ?? 1;

    /// <summary>
    /// Drafting: the draft's layers and the LM head for every draft of every sequence, one after another.
    /// </summary>
    double DraftNs(int decodes) => _speculation is not { DraftLayers: > 0 } || decodes == 0
        ? 0
        : _speculation.DraftTokens * HeadNs(decodes, _speculation.DraftLayers);

    /// <summary>One draft of each of so many sequences by one layer and the LM head.</summary>
    public double LightHeadNs(int sequences) => HeadNs(sequences, layers: 1);

    double HeadNs(int sequences, double layers) =>
        (layers * _tokens.At(Padded(Share(sequences))) / _layers) + _lmHead.At(Share(sequences));

    /// <summary>A step with prompt chunks; <paramref name="row"/> is null when nothing decodes.</summary>
    public double MixedNs(in StepShape shape, DecodeRow? row) => MixedNs(shape, row, EvenShare(shape));

    /// <summary>
    /// How much longer the chunks of a step are on their way than the step lasts: a stage works on the next
    /// micro-batch while a prompt is at the one after it, so the step lasts its share and the prompt passes
    /// all stages whole.
    /// </summary>
    public double LagNs(in StepShape shape, DecodeRow? row) => _pipeline == 1 || shape.PrefillChunks == 0
        ? 0
        : Math.Max(0, MixedNs(shape, row, PromptShare(shape)) - MixedNs(shape, row));

    double MixedNs(in StepShape shape, DecodeRow? row, double promptShare)
    {
        // Drafts that the deployment always has, beside those that a policy chose for this step.
        var always = shape.Decodes * (Rows - 1);
        var tokens = MicroBatchTokens(shape, promptShare) + Share(shape.DraftTokens);
        var attention = shape.PrefillChunks == 0
            ? AttentionNs(shape, row) : MixedAttentionNs(shape, row, promptShare);
        var body = _overlap is null
            ? _tokens.At(Padded(tokens)) + attention
            : _overlap.Ns(Padded(tokens), attention, shape.PrefillTokens > 0, shape.Decodes > 0);
        var accelerator = body + LmHeadNs(shape, shape.DraftTokens + always) + DraftNs(shape.Decodes);
        var host = HostNs(
            shape.Decodes + shape.PrefillChunks, shape.Tokens + always, shape.PrefillChunks > 0);
        var exposed = ExposedNs(shape.Decodes + shape.PrefillChunks);
        var step = exposed + (_overhead.Overlaps ? Math.Max(accelerator, host) : accelerator + host);
        // With speculation the step carries its decodes further than one token. What is ahead of the one
        // token that the schedule counts is credited at the price of steps without prompts.
        return row is null || _speculation is null
            ? step : step - ((TokensPerStep - 1) * row.StepNs(Pages(shape)));
    }

    public StepTimeBreakdown Explain(in StepShape shape, DecodeRow? row, long totalNs)
    {
        var tokens = Padded(MicroBatchTokens(shape, EvenShare(shape)));
        var communication = (long)_communication.At(tokens);
        var elementwise = (long)_elementwise.At(tokens);
        var experts = (long)_experts.At(tokens);
        var pipeline = (long)_hops.At(tokens);
        var lmHead = (long)LmHeadNs(shape);
        var attention = (long)AttentionNs(shape, row);
        var decode = shape.Decodes == 0 ? 0 : Math.Min(attention, (long)row!.Attention.At(Pages(shape) + 1));
        var dense = Math.Max(
            0, (long)_tokens.At(tokens) - communication - elementwise - experts - pipeline);
        var parts = new StepTimeBreakdown
        {
            DenseNs = dense,
            ElementwiseNs = elementwise,
            ExpertsNs = experts,
            CommunicationNs = communication,
            PipelineNs = pipeline,
            LmHeadNs = lmHead,
            PrefillAttentionNs = attention - decode,
            DecodeAttentionNs = decode,
        };
        return parts.Within(totalNs);
    }

    public StepSplit Split(in StepShape shape, DecodeRow? row, long totalNs)
    {
        var perStep = _tokens.At(1);
        var moving = _tokens.At(Padded(MicroBatchTokens(shape, EvenShare(shape)))) - perStep;
        var logits = LmHeadNs(shape);
        var logitsFixed = Math.Min(logits, _lmHead.At(1));
        var decodeRows = shape.LogitRows == 0
            ? 0
            : (double)Math.Min(shape.Decodes, shape.LogitRows) / shape.LogitRows;
        var decodeTokens = moving * shape.Decodes / shape.Tokens + ((logits - logitsFixed) * decodeRows);
        var prefillTokens = moving * shape.PrefillTokens / shape.Tokens
            + ((logits - logitsFixed) * (1 - decodeRows));
        var (prefill, decode) = AttentionParts(shape, row);
        var cachedShare = CachedShare(shape);
        var split = new StepSplit
        {
            PrefillTokensNs = (long)prefillTokens,
            PrefillNewContextNs = (long)(prefill * (1 - cachedShare)),
            PrefillCachedContextNs = (long)(prefill * cachedShare),
            DecodeTokensNs = (long)decodeTokens,
            DecodeContextNs = (long)decode,
        };
        return split.Within(totalNs);
    }

    /// <summary>
    /// Share of query–key pairs that reach back before their chunk. A step knows only sums, so every
    /// chunk stands for the mean one.
    /// </summary>
    static double CachedShare(in StepShape shape)
    {
        if (shape.PrefillPairs == 0)
        {
            return 0;
        }
        var cached = Math.Max(0, shape.PrefillContextTokens - shape.PrefillTokens);
        var meanChunk = (double)shape.PrefillTokens / shape.PrefillChunks;
        return Math.Min(1, cached * meanChunk / shape.PrefillPairs);
    }

    (double Prefill, double Decode) AttentionParts(in StepShape shape, DecodeRow? row)
    {
        if (shape.PrefillChunks == 0)
        {
            return (0, row!.Attention.At(Pages(shape) + 1));
        }
        var total = MixedAttentionNs(shape, row);
        var alone = MixedAttentionNs(
            shape with { Decodes = 0, DecodeContextTokens = 0 }, null);
        return (Math.Min(total, alone), Math.Max(0, total - alone));
    }

    double AttentionNs(in StepShape shape, DecodeRow? row) => shape.PrefillChunks == 0
        ? row!.Attention.At(Pages(shape) + 1)
        : MixedAttentionNs(shape, row);

    double MixedAttentionNs(in StepShape shape, DecodeRow? row) =>
        MixedAttentionNs(shape, row, EvenShare(shape));

    double MixedAttentionNs(in StepShape shape, DecodeRow? row, double promptShare)
    {
        var share = 1.0 / _pipeline;
        var meanContext = (double)shape.PrefillContextTokens / shape.PrefillChunks;
        var prefill = _scale[StepTerm.PrefillAttention] * _terms.PrefillNs(
            shape.PrefillTokens * promptShare,
            shape.PrefillPairs * promptShare,
            meanContext,
            _mixes ? shape.Decodes * share : 0,
            _mixes ? shape.DecodeContextTokens * share : 0);
        if (row is null)
        {
            return prefill;
        }
        var apart = TokensPerStep * row.Attention.At(Pages(shape) + 1);
        return _mixes ? Math.Max(prefill, apart) : prefill + apart;
    }

    double LmHeadNs(in StepShape shape, int drafted = 0) =>
        shape.LogitRows + drafted == 0 ? 0 : _lmHead.At(Share(shape.LogitRows + drafted));

    void TabulateTokens(int knot, double tokens)
    {
        _elementwise[knot] = _scale[StepTerm.Products] * _terms.ElementwiseNs(tokens);
        _experts[knot] = _scale[StepTerm.Experts] * _terms.MoeNs(tokens);
        _communication[knot] = _scale[StepTerm.Communication] * _terms.CommunicationNs(tokens);
        _hops[knot] = _scale[StepTerm.Communication] * _terms.PipelineNs(tokens);
        _tokens[knot] = (_scale[StepTerm.Products] * _terms.DenseNs(tokens)) + _elementwise[knot]
            + _experts[knot] + _communication[knot] + _hops[knot];
    }

    double HostNs(int sequences, int tokens, bool prompts)
    {
        var work = _overhead.StepNs + (_overhead.SequenceNs * sequences) + (_overhead.TokenNs * tokens);
        var replayed = tokens <= _overhead.GraphTokens && (!prompts || _overhead.GraphsPrompts);
        return replayed ? work : work + (_overhead.LaunchNs * _terms.Kernels);
    }

    double ExposedNs(int sequences) => _overhead.ExposedNs + (_overhead.ExposedSequenceNs * sequences);

    /// <summary>
    /// With p pipeline stages p micro-batches are in flight, each with its share of the work; one step is
    /// the time in which all of them pass all stages once.
    /// </summary>
    int Share(int count) => _pipeline == 1 ? count : (count + _pipeline - 1) / _pipeline;

    /// <summary>
    /// Share of the prompt tokens that passes a stage at once: whole chunks, so that a lone prompt passes the
    /// stages one after the other and gains nothing.
    /// </summary>
    double PromptShare(in StepShape shape) =>
        shape.PrefillChunks == 0 ? 0 : (double)Share(shape.PrefillChunks) / shape.PrefillChunks;

    /// <summary>
    /// Share of the prompt tokens that each of the micro-batches in flight has, on average.
    /// </summary>
    double EvenShare(in StepShape shape) => _pipeline == 1
        ? 1
        : 1.0 / Math.Max(1, Math.Min(_pipeline, shape.PrefillChunks + shape.Decodes));

    int MicroBatchTokens(in StepShape shape, double promptShare) =>
        (Share(shape.Decodes) * Rows) + (int)Math.Ceiling(shape.PrefillTokens * promptShare);

    static long Pages(in StepShape shape) =>
        shape.DecodeContextTokens / (StepTimeModel.PageTokens * (long)shape.Decodes);

    /// <summary>
    /// Tokens after padding to the next captured graph: 1, 2, 4, then multiples of 8 to 256 and of 16
    /// to the limit (vLLM's capture sizes).
    /// </summary>
    int Padded(int tokens)
    {
        if (tokens > _overhead.GraphTokens || tokens <= 2)
        {
            return tokens;
        }
        if (tokens <= 4)
        {
            return 4;
        }
        return tokens <= 256 ? (tokens + 7) & ~7 : (tokens + 15) & ~15;
    }
}
