using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// What a projector's file must say, looked at before libmtmd does: it asserts, and ends the process over
/// what is not there.
/// </summary>
static class ProjectorFacts
{
    public static void Check(string path)
    {
        using var file = GgufFile.Open(path);
        if (file.Architecture != "clip")
            throw Bad(path, "is no projector (general.architecture is not clip)");
        if (!file.Metadata.TryGetValue("clip.has_vision_encoder", out var sees) || sees is not true)
            throw Bad(path, "sees no images (clip.has_vision_encoder)");
        foreach (var key in new[] { "embedding_length", "attention.head_count", "patch_size" })
        {
            if (file.Number($"clip.vision.{key}") is not (> 0 and <= 1 << 20))
                throw Bad(path, $"gives no usable clip.vision.{key}");
        }
        var heads = file.Number("clip.vision.attention.head_count");
        if (file.Number("clip.vision.embedding_length") % heads != 0)
            throw Bad(path, "has heads that do not divide clip.vision.embedding_length");
        foreach (var key in new[] { "image_mean", "image_std" })
        {
            if (!file.Metadata.TryGetValue($"clip.vision.{key}", out var value)
                || value is not float[] { Length: 3 } numbers || !Array.TrueForAll(numbers, float.IsFinite))
            {
                throw Bad(path, $"gives no clip.vision.{key} of three numbers");
            }
        }
        CheckTensors(file, path);
    }

    static void CheckTensors(GgufFile file, string path)
    {
        var names = new HashSet<string>(file.Tensors.Select(tensor => tensor.Name), StringComparer.Ordinal);
        // A tower of convolutions has neither patches nor layers of attention.
        if ((file.Text("clip.vision.projector_type") ?? file.Text("clip.projector_type")) == "gemma3nv")
            return;
        Need("v.patch_embd.weight");
        for (var layer = 0; layer < file.Number("clip.vision.block_count"); layer++)
            Need($"v.blk.{layer}.attn_q.weight", $"v.blk.{layer}.attn_qkv.weight");

        void Need(string name, string? orElse = null)
        {
            if (!names.Contains(name) && (orElse is null || !names.Contains(orElse)))
                throw Bad(path, $"has no tensor {name}");
        }
    }

    static BadInputException Bad(string path, string problem) =>
        new($"{path} {problem}; an image projector in GGUF (mmproj) was expected");
}
