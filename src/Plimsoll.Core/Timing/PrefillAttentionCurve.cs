using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Attention of prompt chunks, one layer on one accelerator:
/// <c>launch + √((pair·pairs + token·tokens)² + (path·context)²)</c>. The first part is throughput, the
/// second the critical path of one thread block walking a long KV while most of the chip idles. All
/// features add over chunks or average over them, so a step's sums suffice; nothing decreases when a chunk
/// or a context grows.
/// </summary>
public sealed record PrefillAttentionCurve
{
    public required int HeadDim { get; init; }

    public required NumberFormat Kv { get; init; }

    /// <summary>Query heads on one accelerator.</summary>
    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required double LaunchNs { get; init; }

    /// <summary>Nanoseconds per query–key pair and head.</summary>
    public required double NsPerPair { get; init; }

    /// <summary>Nanoseconds per new token and head.</summary>
    public required double NsPerToken { get; init; }

    /// <summary>Nanoseconds per token of the mean KV length.</summary>
    public required double NsPerContext { get; init; }

    /// <summary>
    /// Query rows that a decoding sequence occupies when one kernel computes chunks and decodes together:
    /// the height of FlashAttention-2's tile. 0 when decodes run in a kernel of their own or the kernel
    /// packs the heads of a group into one tile (FlashAttention-3, FlashInfer, TensorRT-LLM).
    /// </summary>
    public int DecodeRows { get; init; }

    public double Ns(double heads, double tokens, double pairs, double meanContext)
    {
        var work = heads * ((NsPerPair * pairs) + (NsPerToken * tokens));
        var path = NsPerContext * meanContext;
        return LaunchNs + Math.Sqrt((work * work) + (path * path));
    }

    public double Distance(int headDim, int heads, int kvHeads) =>
        (3 * Math.Abs(Math.Log2((double)headDim / HeadDim)))
        + Math.Abs(Math.Log2((double)heads / Heads))
        + (0.25 * Math.Abs(Math.Log2((double)kvHeads / KvHeads)));
}
