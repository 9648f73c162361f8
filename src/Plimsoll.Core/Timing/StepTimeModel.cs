using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>
/// How long one engine step of one deployment takes.
/// <code>
///   tokens ── products, norms, experts, all-reduce ──┐
///   rows ──── LM head, sampling ─────────────────────┼─ accelerator ─┐
///   pairs ─── prefill attention ─────────────────────┤               ├─ max (host ahead) or sum ─ step
///   pages ─── decode attention ──────────────────────┘      host ────┘
/// </code>
/// Every term is tabulated once over its own argument, so a prediction is a few table look-ups. A step is one
/// engine rank's; data-parallel ranks are taken to run alike and to share their experts.
/// Instances may be shared between threads.
/// </summary>
public sealed class StepTimeModel : IStepTimes
{
    /// <summary>Tokens per page of <see cref="PredictNs"/>'s contract.</summary>
    public const int PageTokens = 16;

    /// <summary>Decode rows kept; larger batches are computed every time.</summary>
    const int CachedRows = 4096;

    readonly StepTables _tables;
    readonly EncoderTimes? _encoder;
    readonly DecodeRow?[] _rows = new DecodeRow?[CachedRows];

    /// <param name="deployment">What is served on what.</param>
    /// <param name="curves">How long its kernels take.</param>
    /// <param name="engine">What the engine adds, and how far such predictions were off.</param>
    /// <param name="scale">Multipliers around the curves and the engine's overhead; none when null.</param>
    /// <param name="fitted">What the multipliers rest on; the curves' tier when null.</param>
    public StepTimeModel(
        Deployment deployment, EfficiencyCurves curves, EngineSpec engine, StepScale? scale = null,
        FittedError? fitted = null)
    {
        Predicted = this;
        Deployment = deployment;
        Curves = curves;
        Scale = scale ?? StepScale.None;
        Engine = engine;
        var overhead = engine.Overhead.Scaled(Scale);
        // vLLM captures graphs up to twice the sequences it may run.
        overhead = overhead with
        {
            GraphTokens = Math.Min(overhead.GraphTokens, 2 * deployment.Engine.MaxNumSeqs),
        };
        Overhead = overhead;
        var notes = new List<string>();
        _tables = new StepTables(deployment, curves, overhead, Scale, notes);
        if (deployment.Model.Vision is not null)
        {
            _encoder = new EncoderTimes(deployment, curves, Scale[StepTerm.Products], notes);
        }
        if (deployment.Engine.Speculation is not null)
        {
            CurveChoice.Note(
                notes, "speculation: draft cost from its layers and the LM head; gaps paced evenly");
        }
        Notes = notes;
        if (fitted is not null)
        {
            Tier = Tier.Fitted;
            Error = fitted.Error;
            Errors = StepErrorSpec.Of(fitted.Error);
            notes.AddRange(fitted.Notes);
            return;
        }
        Tier = curves.Tier;
        // An unmeasured term widens the bands by a tenth each way, as far as a half.
        var widening = Math.Min(0.5, curves.Tier == Tier.Datasheet ? 0 : 0.1 * notes.Count);
        Errors = engine.Errors.Of(curves.Tier, deployment).Widened(widening);
        Error = Errors.Ends(overhead.ExposedSequenceNs);
    }

    StepTimeModel(StepTimeModel predicted, StepErrorDraw draw)
        : this(predicted.Deployment, predicted.Curves, predicted.Engine, predicted.Scale.Times(draw.Factors))
    {
        Tier = predicted.Tier;
        Error = predicted.Error;
        Errors = predicted.Errors;
        Notes = predicted.Notes;
        Predicted = predicted.Predicted;
        Draw = draw;
    }

    /// <summary>
    /// The model as it would be if the prediction were wrong in this way; what it says of its tier and its
    /// error stays the prediction's. Figures of a run with it are multiplied by the draw's <see
    /// cref="StepErrorDraw.FirstTokenFactor"/> where they count to a first token.
    /// </summary>
    public StepTimeModel Drawn(StepErrorDraw draw) => draw.IsNone ? this : new StepTimeModel(this, draw);

    /// <summary>The model before anything was drawn.</summary>
    public StepTimeModel Predicted { get; }

    /// <summary>How the model departs from the prediction.</summary>
    public StepErrorDraw Draw { get; } = StepErrorDraw.None;

    /// <summary>How the prediction may be wrong, term by term.</summary>
    public StepErrorSpec Errors { get; }

    public Deployment Deployment { get; }

    public EfficiencyCurves Curves { get; }

    /// <summary>The engine's facts, unscaled.</summary>
    public EngineSpec Engine { get; }

    /// <summary>The engine's overhead, scaled.</summary>
    public EngineOverheadSpec Overhead { get; }

    /// <summary>What was fitted to an engine; <see cref="StepScale.None"/> when nothing was.</summary>
    public StepScale Scale { get; }

    public Tier Tier { get; }

    /// <summary>
    /// How far reality may lie from the prediction: the tier's band, wider by a tenth for each
    /// of <see cref="Notes"/>.
    /// </summary>
    public PredictionError Error { get; }

    /// <summary>Low end of <see cref="Error"/>'s step band.</summary>
    public double ErrorLow => Error.Step.Low;

    /// <summary>High end of <see cref="Error"/>'s step band.</summary>
    public double ErrorHigh => Error.Step.High;

    /// <summary>What lies outside the measurements and is extrapolated.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>What a request takes outside the engine's steps.</summary>
    public RequestOverhead RequestOverhead => new(Overhead.RequestNs, Overhead.RequestTokenNs);

    /// <summary>
    /// Steps already planned when a request arrives, beyond the one that runs; see
    /// <see cref="EngineOverheadSpec.StepsAhead"/>. The simulation admits a newcomer that many steps later.
    /// </summary>
    public int StepsAhead => Overhead.StepsAhead;

    /// <summary>What a light head takes to draft one token for so many sequences, nanoseconds.</summary>
    public double LightHeadNs(int sequences) => _tables.LightHeadNs(sequences);

    /// <summary>
    /// Duration of the step, nanoseconds; never less when tokens or contexts grow. For a step without
    /// prompt chunks it depends on <see cref="StepShape.Decodes"/> and on the mean context in whole
    /// 16-token pages only: <c>DecodeContextTokens / (16 · Decodes)</c>, rounded down. The simulation leaps
    /// over such steps page by page.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long PredictNs(in StepShape shape)
    {
        if (shape.PrefillChunks == 0 && shape.DraftTokens == 0 && (uint)shape.Decodes - 1 < CachedRows - 1)
        {
            var row = _rows[shape.Decodes] ?? AddRow(shape.Decodes);
            return row.StepNs(shape.DecodeContextTokens / (PageTokens * (long)shape.Decodes));
        }
        return PredictMixedNs(shape);
    }

    /// <summary>
    /// How much later than the step's end the prompts that it ends give their first token, nanoseconds: with
    /// pipeline stages a prompt is still on its way while the next step runs. 0 without.
    /// </summary>
    public long LagNs(in StepShape shape) => Deployment.PipelineParallel == 1
        ? 0
        : (long)_tables.LagNs(shape, shape.Decodes > 0 ? Row(shape.Decodes) : null);

    /// <summary>The terms of the step; they sum to <see cref="PredictNs"/>.</summary>
    public StepTimeBreakdown Explain(in StepShape shape)
    {
        if (shape.IsEmpty)
        {
            return default;
        }
        var row = shape.Decodes > 0 ? Row(shape.Decodes) : null;
        var encoderNs = EncoderNs(shape);
        return _tables.Explain(shape, row, PredictNs(shape) - encoderNs) with { EncoderNs = encoderNs };
    }

    /// <summary>
    /// How the step's time splits over what caused it; the parts sum to <see cref="PredictNs"/>.
    /// </summary>
    public StepSplit Split(in StepShape shape)
    {
        if (shape.IsEmpty)
        {
            return default;
        }
        var row = shape.Decodes > 0 ? Row(shape.Decodes) : null;
        var encoderNs = EncoderNs(shape);
        var split = _tables.Split(shape, row, PredictNs(shape) - encoderNs);
        return split with { PrefillTokensNs = split.PrefillTokensNs + encoderNs };
    }

    long PredictMixedNs(in StepShape shape)
    {
        if (shape.IsEmpty)
        {
            return 0;
        }
        var row = shape.Decodes > 0 ? Row(shape.Decodes) : null;
        if (shape.PrefillChunks == 0 && shape.DraftTokens == 0)
        {
            return row!.StepNs(shape.DecodeContextTokens / (PageTokens * (long)shape.Decodes));
        }
        return (long)_tables.MixedNs(shape, row) + EncoderNs(shape);
    }

    /// <summary>Images of the step's prompts, encoded before the language model sees them.</summary>
    long EncoderNs(in StepShape shape) => (long)(_encoder?.Ns(shape) ?? 0);

    DecodeRow Row(int decodes) => decodes < CachedRows
        ? _rows[decodes] ?? AddRow(decodes)
        : _tables.Row(decodes);

    DecodeRow AddRow(int decodes)
    {
        // Two threads may build the same row; both are equal and either may stay.
        var row = _tables.Row(decodes);
        _rows[decodes] = row;
        return row;
    }
}
