using System.Collections.Generic;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Steps of a run, thinned evenly, to be told again by models that are wrong in a drawn way.
/// </summary>
sealed class StepSample
{
    /// <summary>Shapes that are kept at most.</summary>
    const int Most = 256;

    readonly List<(StepShape Shape, int Steps)> _kept = [];
    long _seen;
    long _every = 1;

    /// <summary>Observes steps as <see cref="Simulation.StepObserver"/> tells them.</summary>
    public void Add(int replica, in StepShape shape, int steps, long startNs, long stepNs)
    {
        if (_seen++ % _every != 0)
            return;
        if (_kept.Count == Most)
        {
            for (var i = 0; i < Most / 2; i++)
                _kept[i] = _kept[2 * i];
            _kept.RemoveRange(Most / 2, Most / 2);
            _every *= 2;
        }
        _kept.Add((shape, steps));
    }

    /// <summary>How much longer the steps take with one model than with another.</summary>
    public StepStretch Of(StepTimeModel predicted, StepTimeModel drawn)
    {
        double all = 0, allDrawn = 0, decodes = 0, decodesDrawn = 0, prompts = 0, promptsDrawn = 0;
        foreach (var (shape, steps) in _kept)
        {
            var ns = (double)predicted.PredictNs(shape) * steps;
            var drawnNs = (double)drawn.PredictNs(shape) * steps;
            all += ns;
            allDrawn += drawnNs;
            decodes += ns * shape.Decodes;
            decodesDrawn += drawnNs * shape.Decodes;
            if (shape.PrefillChunks > 0)
            {
                prompts += ns;
                promptsDrawn += drawnNs;
            }
        }
        var whole = Over(allDrawn, all, 1);
        return new StepStretch(whole, Over(decodesDrawn, decodes, whole), Over(promptsDrawn, prompts, whole));
    }

    static double Over(double drawn, double predicted, double otherwise) =>
        predicted > 0 ? drawn / predicted : otherwise;
}

/// <summary>Drawn over predicted time of steps.</summary>
/// <param name="All">Of all steps: how much slower the engine's clock goes.</param>
/// <param name="Decodes">As a decoding sequence meets them.</param>
/// <param name="Prompts">Of those with a prompt in them, which a first token waits for.</param>
readonly record struct StepStretch(double All, double Decodes, double Prompts);
