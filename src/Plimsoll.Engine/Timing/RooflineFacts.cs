using System;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.Timing;

/// <summary>What a prompt must cost at least: a machine's peaks, and the work of a model's file.</summary>
/// <param name="WeightBytes">Read once whatever the prompt.</param>
/// <param name="FlopsPerToken">Of its products, logits not counted.</param>
/// <param name="FlopsPerPair">For each query–key pair of attention.</param>
/// <param name="FlopsOfLogits">For the one token that is drawn.</param>
/// <param name="PeakTflops">In the format of the file's weights, 10¹² a second.</param>
/// <param name="MemoryGbPerSecond">10⁹ bytes a second.</param>
public sealed record RooflineFacts(
    double WeightBytes, double FlopsPerToken, double FlopsPerPair, double FlopsOfLogits, double PeakTflops,
    double MemoryGbPerSecond)
{
    /// <summary>
    /// Nanoseconds of a prompt's new tokens with perfect kernels: the longer of reading and multiplying.
    /// </summary>
    public double PromptNs(long tokens, double pairs) => Math.Max(
        WeightBytes / MemoryGbPerSecond,
        ((FlopsPerToken * tokens) + (FlopsPerPair * pairs) + FlopsOfLogits) / (1e3 * PeakTflops));

    /// <summary>
    /// One rank of a deployment by its datasheet; null where a model's work is not a dense decoder's.
    /// </summary>
    public static RooflineFacts? Of(Deployment deployment)
    {
        var model = deployment.Model;
        if (model.FeedForward.Experts > 0 || model.Attention.Form == AttentionForm.Latent)
            return null;
        var table = (double)model.Hidden * model.Vocabulary;
        var ranks = deployment.TensorParallel;
        var width = model.Attention.Heads * (double)(model.Attention.HeadDim + model.Attention.ValueHeadDim);
        var tables = (model.TiedEmbeddings ? 1 : 2) * table;
        return new RooflineFacts(
            WeightBytesOf(deployment), 2 * (model.Parameters - tables) / ranks,
            2 * width * model.Layers / ranks, 2 * table / ranks,
            deployment.Accelerator.PeakFlops(deployment.Weights) / 1e12,
            deployment.Accelerator.MemoryGbPerSecond);
    }

    /// <summary>All but the embeddings, of which a prompt reads its tokens' rows only.</summary>
    static double WeightBytesOf(Deployment deployment)
    {
        var model = deployment.Model;
        var unread = model.TiedEmbeddings ? 0 : (double)model.Hidden * model.Vocabulary;
        return Core.Timing.WeightBytes.PerAccelerator(deployment)
            - (unread * NumberFormat.Bf16.BytesPerElement() / deployment.TensorParallel);
    }

    /// <summary>The file on this machine; null where its work is not a dense decoder's.</summary>
    public static RooflineFacts? Of(string path, int threads)
    {
        try
        {
            using var file = GgufFile.Open(path);
            var model = GgufModel.Spec(file);
            var peaks = MachinePeaks.Measure(threads);
            var table = (double)model.Hidden * model.Vocabulary;
            var bytes = 0.0;
            foreach (var tensor in file.Tensors)
                bytes += tensor.Name == "token_embd.weight" && !model.TiedEmbeddings ? 0 : tensor.Bytes;
            var attention = model.Attention;
            var width = attention.Heads * (double)(attention.HeadDim + attention.ValueHeadDim);
            return new RooflineFacts(
                bytes, 2 * (model.Parameters - (model.TiedEmbeddings ? 1 : 2) * table),
                2 * width * model.Layers, 2 * table,
                model.NativeWeights == NumberFormat.Bf16 ? peaks.Tflops : peaks.ByteTops,
                peaks.MemoryGbPerSecond);
        }
        catch (BadInputException)
        {
            return null;
        }
    }
}
