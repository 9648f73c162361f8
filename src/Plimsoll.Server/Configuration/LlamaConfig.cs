using System.Collections.Generic;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Server.Configuration;

/// <summary>A model that llama.cpp computes on this machine.</summary>
public sealed class LlamaConfig
{
    /// <summary>GGUF file; the small built-in model where none is named.</summary>
    public string? Path { get; set; }

    public string Policy { get; set; } = SchedulingPolicy.VllmV1.Name;

    public int MaxNumSeqs { get; set; } = 32;

    public int MaxNumBatchedTokens { get; set; } = 512;

    /// <summary>Tokens of KV in all.</summary>
    public int KvTokens { get; set; } = 16_384;

    public int BlockSize { get; set; } = 16;

    public bool PrefixCaching { get; set; } = true;

    public int? MaxModelLen { get; set; }

    /// <summary>
    /// <c>unified</c>: prefixes shared without a copy; <c>split</c>: each sequence in cells of its own, which
    /// attention reads alone; <c>auto</c>: split where nothing is shared and the longest request fits.
    /// </summary>
    public string KvLayout { get; set; } = "auto";

    /// <summary>Compute threads.</summary>
    public int Threads { get; set; } = 1;

    /// <summary>Core that the engine's thread is pinned to.</summary>
    public int? Core { get; set; }

    /// <summary>Tokens computed at once: an abort waits for these at most.</summary>
    public int MicroTokens { get; set; } = 128;

    public int GpuLayers { get; set; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>vulkan</c>.</summary>
    public string Backend { get; set; } = "cpu";

    /// <summary>Folder of a libllama of one's own, of the very release that the bindings belong to.</summary>
    public string? Lib { get; set; }

    /// <summary>Folder of step times measured before; the user's cache where none is named.</summary>
    public string? Cache { get; set; }

    /// <summary>
    /// Whether continuations are guessed from earlier text and checked along; under the policy slack, which
    /// says how many pay.
    /// </summary>
    public bool Speculate { get; set; }

    /// <summary>
    /// GGUF file of a small model of the same vocabulary that guesses where earlier text says nothing; under
    /// the policy slack.
    /// </summary>
    public string? DraftModel { get; set; }

    /// <summary>
    /// GGUF file of the model's image projector (mmproj); images are taken where one is named.
    /// </summary>
    public string? Mmproj { get; set; }

    /// <summary>LoRA adapters by the name that requests use.</summary>
    public Dictionary<string, string> Adapters { get; set; } = [];
}
