using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Images of prompts. An engine encodes an image in the step whose chunk reaches it. Which token belongs to
/// which image is not kept: images come first in a prompt, and a chunk has its share of their work.
/// </summary>
sealed partial class ReplicaSimulation
{
    bool _seesImages;

    void AddImages(StepPlan plan)
    {
        foreach (ref readonly var chunk in plan.Chunks)
        {
            ref readonly var request = ref _requests[chunk.Request.Slot];
            if (request.EncoderPatches == 0)
                continue;
            var first = Math.Min(chunk.Start, request.ImageTokens);
            var tokens = Math.Min(chunk.Start + chunk.Tokens, request.ImageTokens) - first;
            _shape.EncoderTokens += tokens;
            _shape.EncoderPatches += request.EncoderPatches * tokens / request.ImageTokens;
            _shape.EncoderPairs += (long)((double)request.EncoderPairs * tokens / request.ImageTokens);
        }
    }
}
