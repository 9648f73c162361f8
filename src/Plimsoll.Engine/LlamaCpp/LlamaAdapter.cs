using System;
using System.Numerics.Tensors;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// A LoRA adapter, loaded for one model. libllama compares shapes only, and an adapter of another base of the
/// same shape gives garbage without an error, so one that names its base by weight hash is held to it.
/// </summary>
public sealed class LlamaAdapter : IDisposable
{
    /// <summary>Key in an adapter's GGUF: the weight hash of the base it was trained on.</summary>
    public const string BaseHashKey = AdapterIdentity.BaseKey;

    /// <summary>Far above what training makes, and far below where products overflow.</summary>
    const float LargestWeight = 1e6f;

    static long _serials;

    readonly LlamaModel _model;
    nint _handle;

    LlamaAdapter(nint handle, LlamaModel model, string name, string path)
    {
        _handle = handle;
        _model = model;
        Name = name;
        Path = path;
    }

    public string Name { get; }

    public string Path { get; }

    /// <summary>Orders adapters by when they were loaded; never reused.</summary>
    public long Serial { get; } = System.Threading.Interlocked.Increment(ref _serials);

    /// <summary>Whether the file named its base, and the base is this one.</summary>
    public bool IsBoundByHash { get; private init; }

    /// <param name="model">The base.</param>
    /// <param name="baseHash">The base's weight hash, asked for only when the adapter names one.</param>
    public static LlamaAdapter Load(LlamaModel model, string name, string path, Func<string> baseHash)
    {
        bool bound;
        using (var file = GgufFile.Open(path))
            bound = Check(file, model, baseHash);
        var (handle, complaint) =
            LlamaLibrary.Listen(() => Libllama.llama_adapter_lora_init(model.Handle, path));
        return handle != 0
            ? new LlamaAdapter(handle, model, name, path) { IsBoundByHash = bound }
            : throw new BadInputException(
                $"{path} does not fit {model.Facts.Name}: "
                    + $"{(complaint.Length > 0 ? complaint : "llama.cpp gives no reason")}");
    }

    static bool Check(GgufFile file, LlamaModel model, Func<string> baseHash)
    {
        if (file.Text("general.type") != "adapter" || file.Text("adapter.type") != "lora")
            throw Bad(file, "is no LoRA adapter (general.type adapter, adapter.type lora)");
        if (file.Architecture != model.Facts.Architecture)
        {
            throw Bad(
                file, $"is for the architecture \"{GgufFacts.Shown(file.Architecture ?? "")}\", the model "
                    + $"is \"{model.Facts.Architecture}\"");
        }
        if (!file.Metadata.TryGetValue("adapter.lora.alpha", out var alpha) || alpha is not float or 0f)
            throw Bad(file, "does not say its alpha (adapter.lora.alpha)");
        CheckPairs(file);
        CheckWeights(file);
        if (file.Text(BaseHashKey) is not { } hash)
            return false;
        return hash == baseHash() ? true
            : throw Bad(
            file, $"was trained on weights {GgufFacts.Shown(hash)}, the model's are {baseHash()}");
    }

    /// <summary>Every A has its B, of one rank, and nothing else is in the file.</summary>
    static void CheckPairs(GgufFile file)
    {
        if (file.Tensors.Count == 0)
            throw Bad(file, "holds no tensors");
        long? rank = null;
        foreach (var tensor in file.Tensors)
        {
            var isA = tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal);
            if (!isA && !tensor.Name.EndsWith(".lora_b", StringComparison.Ordinal))
            {
                var name = GgufFacts.Shown(tensor.Name);
                throw Bad(file, $"holds \"{name}\", which is neither a lora_a nor a lora_b");
            }
            var other = file.Find(tensor.Name[..^1] + (isA ? 'b' : 'a'))
                ?? throw Bad(file, $"has no partner for \"{GgufFacts.Shown(tensor.Name)}\"");
            if (!isA)
                continue;
            if (tensor.Shape.Count != 2 || other.Shape.Count != 2 || tensor.Shape[1] != other.Shape[0])
                throw Bad(file, $"has two ranks in \"{GgufFacts.Shown(tensor.Name)}\" and its partner");
            rank ??= tensor.Shape[1];
            if (rank != tensor.Shape[1])
            {
                throw Bad(
                    file, $"has rank {rank} in one tensor and {tensor.Shape[1]} in "
                        + $"\"{GgufFacts.Shown(tensor.Name)}\"");
            }
        }
    }

    /// <summary>
    /// libllama adds whatever is stored: weights that are not finite, or far from what training makes, turn
    /// every logit into no number.
    /// </summary>
    static void CheckWeights(GgufFile file)
    {
        foreach (var tensor in file.Tensors)
        {
            if (tensor.Numbers == 0 || !TensorNumbers.CanConvert(tensor.Format))
                continue;
            var largest = TensorPrimitives.MaxMagnitude<float>(file.ReadFloats(tensor));
            if (!(MathF.Abs(largest) <= LargestWeight))
            {
                throw Bad(file, FormattableString.Invariant(
                    $"holds the weight {largest} in \"{GgufFacts.Shown(tensor.Name)}\""));
            }
        }
    }

    internal nint HandleFor(LlamaModel model)
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        return ReferenceEquals(model, _model) ? _handle
            : throw new InvalidOperationException($"adapter {Name} is of another model");
    }

    public void Dispose()
    {
        if (_handle == 0)
            return;
        Libllama.llama_adapter_lora_free(_handle);
        _handle = 0;
    }

    static BadInputException Bad(GgufFile file, string problem) =>
        new($"{file.Path} {problem}; a LoRA adapter of this model was expected");
}
