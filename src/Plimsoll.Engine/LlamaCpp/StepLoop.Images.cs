using System;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Images in a step: encoded before it, computed as rows in place of tokens.</summary>
sealed partial class StepLoop
{
    bool _stepHasImages;

    /// <summary>
    /// Encodes the images that the step's prompts come to. To the ledger each is a step of its own, of the
    /// request whose image it is.
    /// </summary>
    /// <returns>When that is done, nanoseconds: the rest of the step begins.</returns>
    long EncodeImages(long startNs)
    {
        foreach (ref readonly var item in CollectionsMarshal.AsSpan(_work))
        {
            if (!item.Sequence.HasImages)
                continue;
            foreach (var part in item.Sequence.Request.Images)
            {
                var image = (ProjectedImage)part;
                if (image.Rows is not null || image.End <= item.Sequence.KvTokens || item.To < Needed(image))
                    continue;
                image.Rows = _projector!.Rows(image);
                Report(startNs, new StepShare(item.Sequence.LedgerId, image.Count, 0, image.Count));
                startNs = _clock.NowNs;
                if (image.Rows is null)
                    Drop(item.Sequence, "an image could not be encoded");
            }
        }
        return startNs;
    }

    /// <summary>
    /// Where a step must get to, to compute any of an image: what looks both ways is computed whole, in the
    /// step that reaches its end.
    /// </summary>
    int Needed(ProjectedImage image) => _projector!.SeesBothWays ? image.End : image.Start + 1;

    /// <summary>
    /// Adds an image's rows, as far as the step goes. False when a batch was aborted. What waits for a later
    /// step has fewer tokens computed than the scheduler believes, until that comes.
    /// </summary>
    bool Add(int index, in StepWorkItem item, ProjectedImage image)
    {
        var sequence = item.Sequence;
        if (image.Rows is not { } rows || item.To < Needed(image))
            return true;
        var width = rows.Length / image.Count;
        var alone = _projector!.SeesBothWays;
        if (alone && !BeginAlone(sequence, image))
            return false;
        var to = Math.Min(item.To, image.End);
        for (var at = sequence.KvTokens; at < to; at++)
        {
            if ((_context.HoldsTokens || _context.Count == _context.Options.StepTokens) && !Flush())
                return false;
            var wants = at == item.To - 1 && item.WantsToken;
            var row = _context.Add(
                rows.AsSpan((at - image.Start) * width, width), at, sequence.Kv, wants);
            sequence.KvTokens = at + 1;
            if (wants)
                _rows.Add((index, row));
        }
        if (!alone)
            return true;
        _context.LookBothWays(true);
        try
        {
            return Flush();
        }
        finally
        {
            _context.LookBothWays(false);
        }
    }

    /// <summary>A batch for one image: nobody else's tokens are in it, and none of its own yet.</summary>
    bool BeginAlone(Sequence sequence, ProjectedImage image)
    {
        if (!Flush())
            return false;
        if (sequence.KvTokens > image.Start)
        {
            _context.Trim(sequence.Kv, image.Start);
            sequence.KvTokens = image.Start;
        }
        return true;
    }
}
