using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using LLama.Native;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>libllama found no cells for a batch.</summary>
sealed class NoCellsException(int tokens) : Exception($"no KV cells are left for {tokens} tokens");

public enum KvLayout : byte
{
    /// <summary>
    /// One pool of cells: prefixes are shared without a copy, attention passes over all of it.
    /// </summary>
    Unified,

    /// <summary>
    /// A stream of cells per sequence: attention passes over its own only, prefixes are copied.
    /// </summary>
    Split,
}

/// <summary>Sizes of a context.</summary>
/// <param name="Cells">KV cells in all, tokens.</param>
/// <param name="Sequences">Sequences that may have KV at once; 256 at most.</param>
/// <param name="StepTokens">Most tokens of one call.</param>
/// <param name="MicroTokens">Tokens that are computed at once: an abort waits for these at most.</param>
/// <param name="Threads">Compute threads.</param>
public sealed record ContextOptions(
    int Cells, int Sequences, int StepTokens, int MicroTokens, int Threads = 1,
        KvLayout Layout = KvLayout.Unified,
    bool Embeddings = false);

/// <summary>
/// A libllama context, a batch to fill and KV memory. It belongs to one thread; only <see cref="Abort"/> may
/// come from another. What would end the process inside libllama is an exception here.
/// </summary>
sealed unsafe class LlamaContext : IDisposable
{
    const int MostSequences = 256;

    readonly nint _memory;
    readonly int _capacity;
    readonly int* _abort;
    readonly int[] _outputs;
    Libllama.Batch _batch;
    float* _rows;
    float* _logits;
    int _outputCount;
    nint _handle;

    public LlamaContext(LlamaModel model, ContextOptions options)
    {
        if (options.Sequences is < 1 or > MostSequences)
        {
            throw new BadInputException(
                $"{options.Sequences} sequences at once; llama.cpp knows 1 to {MostSequences}");
        }
        if (options.StepTokens < 1 || options.MicroTokens < 1 || options.Cells < 1 || options.Threads < 1)
            throw new BadInputException("a context needs at least one cell, one token a step and one thread");
        Model = model;
        Options = options;
        var (handle, complaint) =
            LlamaLibrary.Listen(() => Libllama.llama_init_from_model(model.Handle, Parameters(options)));
        if (handle == 0)
        {
            throw new BadInputException(
                $"{model.Path}: llama.cpp makes no context of {options.Cells} cells: {complaint}");
        }
        _handle = handle;
        _memory = Libllama.llama_get_memory(handle);
        _capacity = (int)Libllama.llama_n_batch(handle);
        TokensPerSequence = (int)Libllama.llama_n_ctx_seq(handle);
        Cells = (int)Libllama.llama_n_ctx(handle);
        _batch = NewBatch(_capacity);
        _outputs = new int[_capacity];
        _abort = (int*)NativeMemory.AllocZeroed(sizeof(int));
        Libllama.llama_set_abort_callback(handle, &MustAbort, (nint)_abort);
    }

    public LlamaModel Model { get; }

    public ContextOptions Options { get; }

    /// <summary>Cells that there are; libllama rounds up.</summary>
    public int Cells { get; }

    /// <summary>Cells that one sequence may fill.</summary>
    public int TokensPerSequence { get; }

    /// <summary>Tokens in the batch.</summary>
    public int Count => _batch.Count;

    /// <summary>Whether the batch holds rows in place of tokens; it holds one of both.</summary>
    public bool HoldsRows { get; private set; }

    public bool HoldsTokens => _batch.Count > 0 && !HoldsRows;

    nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(LlamaContext));

    static LLamaContextParams Parameters(ContextOptions options)
    {
        var parameters = LLamaContextParams.Default();
        parameters.n_ctx = (uint)options.Cells;
        parameters.n_batch = (uint)options.StepTokens;
        parameters.n_ubatch = (uint)Math.Min(options.MicroTokens, options.StepTokens);
        parameters.n_seq_max = (uint)options.Sequences;
        // Fewer outputs than sequences end the process.
        parameters.n_outputs_max = (uint)Math.Max(options.StepTokens, options.Sequences);
        parameters.n_threads = options.Threads;
        parameters.n_threads_batch = options.Threads;
        parameters.kv_unified = options.Layout == KvLayout.Unified;
        parameters.embeddings = options.Embeddings;
        parameters.no_perf = true;
        return parameters;
    }

    public void Clear() => (_batch.Count, _outputCount, HoldsRows) = (0, 0, false);

    /// <summary>Adds a token to the batch; its logits can be had by the row that is given back.</summary>
    public int Add(int token, int position, int sequence, bool logits)
    {
        if ((uint)token >= (uint)Model.Tokenizer.Size || HoldsRows)
            throw new InvalidOperationException($"token {token} is out of bounds, or the batch holds rows");
        var row = Place(position, sequence, logits);
        _batch.Tokens[row] = token;
        return row;
    }

    /// <summary>Adds what stands in place of a token, as many numbers as the model is wide.</summary>
    public int Add(ReadOnlySpan<float> values, int position, int sequence, bool logits)
    {
        var width = Libllama.llama_model_n_embd_inp(Model.Handle);
        if (values.Length != width || HoldsTokens)
        {
            throw new InvalidOperationException(
                $"a row of {values.Length} numbers; the model takes {width}, and a batch one kind");
        }
        if (_rows is null)
            _rows = (float*)NativeMemory.Alloc((nuint)_capacity * (nuint)width, sizeof(float));
        HoldsRows = true;
        var row = Place(position, sequence, logits);
        values.CopyTo(new Span<float>(_rows + ((long)row * width), width));
        return row;
    }

    /// <summary>Whether tokens of a batch see those behind them too, as an image's do.</summary>
    public void LookBothWays(bool both) => Libllama.llama_set_causal_attn(Handle, !both);

    int Place(int position, int sequence, bool logits)
    {
        if (_batch.Count == _capacity)
            throw new InvalidOperationException($"a batch holds {_capacity} tokens");
        if ((uint)sequence >= (uint)Options.Sequences || (uint)position >= (uint)TokensPerSequence)
        {
            throw new InvalidOperationException(
                $"place {position} of sequence {sequence} is out of bounds");
        }

        var row = _batch.Count++;
        _batch.Positions[row] = position;
        _batch.SequenceCounts[row] = 1;
        _batch.Sequences[row][0] = sequence;
        _batch.Logits[row] = (sbyte)(logits ? 1 : 0);
        _outputs[row] = _outputCount;
        _outputCount += logits ? 1 : 0;
        return row;
    }

    /// <summary>
    /// Computes the batch to its end: a GPU would still be at it, and the time be taken for that of whatever
    /// waits next. False when it was aborted: what whole micro-batches computed stays.
    /// </summary>
    public bool Decode()
    {
        if (_batch.Count == 0)
            return true;
        _logits = null;
        var batch = _batch;
        if (HoldsRows)
        {
            batch.Tokens = null;
            batch.Embeddings = _rows;
        }
        var result = Libllama.llama_decode(Handle, batch);
        Libllama.llama_synchronize(Handle);
        return result switch
        {
            0 => true,
            2 => false,
            1 => throw new NoCellsException(_batch.Count),
            _ => throw new InvalidOperationException($"llama.cpp failed to compute a step (code {result})"),
        };
    }

    /// <summary>Logits of a row of the batch that was computed last.</summary>
    public Span<float> Logits(int row)
    {
        if ((uint)row >= (uint)_batch.Count || _batch.Logits[row] == 0)
            throw new InvalidOperationException($"row {row} has no logits");
        // Asked for once a batch: the call waits for all backends each time.
        if (_logits is null)
            _logits = Libllama.llama_get_logits(Handle);
        return _logits is null
            ? throw new InvalidOperationException($"row {row} has no logits")
            : new Span<float>(_logits + ((long)_outputs[row] * Model.Tokenizer.Size), Model.Tokenizer.Size);
    }

    /// <summary>
    /// A sequence's pooled embedding, or that of its last token where the model pools nothing.
    /// </summary>
    public float[] Embedding(int sequence, int lastRow)
    {
        var vector = Libllama.llama_get_embeddings_seq(Handle, sequence);
        if (vector is null)
            vector = Libllama.llama_get_embeddings_ith(Handle, lastRow);
        return vector is null
            ? throw new EngineRefusalException($"{Model.Path} gives no embeddings")
            : new Span<float>(vector, Model.EmbeddingLength).ToArray();
    }

    /// <summary>Tokens of a sequence that have KV, from its first on.</summary>
    public int Length(int sequence) => Libllama.llama_memory_seq_pos_max(_memory, Checked(sequence)) + 1;

    /// <summary>Forgets a sequence's KV from a position on.</summary>
    public void Trim(int sequence, int from)
    {
        if (!Libllama.llama_memory_seq_rm(_memory, Checked(sequence), from, -1))
            throw new InvalidOperationException($"the KV of sequence {sequence} cannot be cut at {from}");
    }

    /// <summary>
    /// Gives a sequence that has no KV the first tokens of another's. Split streams are copied whole and cut:
    /// a part of one cannot be copied, and libllama ends the process over it.
    /// </summary>
    public void Share(int source, int target, int tokens)
    {
        if (Checked(source) == Checked(target) || tokens <= 0)
            return;
        if (Options.Layout == KvLayout.Unified)
        {
            Libllama.llama_memory_seq_cp(_memory, source, target, 0, tokens);
            return;
        }
        Libllama.llama_memory_seq_cp(_memory, source, target, -1, -1);
        Trim(target, tokens);
    }

    /// <summary>Puts one sequence's cells in place of another's that hold the same tokens.</summary>
    public void Replace(int source, int target, int from, int to)
    {
        if (Options.Layout != KvLayout.Unified || Checked(source) == Checked(target))
            return;
        if (Libllama.llama_memory_seq_rm(_memory, target, from, to))
            Libllama.llama_memory_seq_cp(_memory, source, target, from, to);
    }

    public void ForgetAll() => Libllama.llama_memory_clear(_memory, false);

    /// <summary>Copies a sequence's KV out.</summary>
    public byte[] Save(int sequence)
    {
        var size = Libllama.llama_state_seq_get_size(Handle, Checked(sequence));
        var state = GC.AllocateUninitializedArray<byte>(checked((int)size));
        fixed (byte* target = state)
        {
            if (Libllama.llama_state_seq_get_data(Handle, target, size, sequence) != size)
                throw new InvalidOperationException($"the KV of sequence {sequence} cannot be copied out");
        }
        return state;
    }

    /// <summary>
    /// Brings a sequence's KV back. False when there are no cells for it; it has none then.
    /// </summary>
    public bool TryRestore(int sequence, ReadOnlySpan<byte> state)
    {
        Trim(Checked(sequence), 0);
        fixed (byte* source = state)
        {
            if (Libllama.llama_state_seq_set_data(Handle, source, (nuint)state.Length, sequence) != 0)
                return true;
        }
        Trim(sequence, 0);
        return false;
    }

    /// <summary>The adapter that the next batches are computed with; null for the base model alone.</summary>
    public void Use(LlamaAdapter? adapter)
    {
        var handle = adapter?.HandleFor(Model) ?? 0;
        var scale = 1f;
        if (Libllama.llama_set_adapters_lora(Handle, &handle, (nuint)(adapter is null ? 0 : 1), &scale) != 0)
            throw new InvalidOperationException($"adapter {adapter?.Name} cannot be used");
    }

    /// <summary>From any thread: stops the batch that is being computed at its next micro-batch.</summary>
    public void Abort() => Volatile.Write(ref *_abort, 1);

    public void EndAbort() => Volatile.Write(ref *_abort, 0);

    public void Dispose()
    {
        if (_handle == 0)
            return;
        Libllama.llama_free(_handle);
        _handle = 0;
        FreeBatch(_batch);
        NativeMemory.Free(_rows);
        NativeMemory.Free(_abort);
    }

    int Checked(int sequence) => (uint)sequence < (uint)Options.Sequences
        ? sequence
        : throw new InvalidOperationException($"sequence {sequence} of {Options.Sequences}");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static byte MustAbort(nint flag) => (byte)(Volatile.Read(ref *(int*)flag) != 0 ? 1 : 0);

    static Libllama.Batch NewBatch(int capacity)
    {
        var batch = new Libllama.Batch
        {
            Tokens = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            Positions = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            SequenceCounts = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int)),
            Sequences = (int**)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(int*)),
            Logits = (sbyte*)NativeMemory.Alloc((nuint)capacity, sizeof(sbyte)),
        };
        var ids = (int*)NativeMemory.Alloc((nuint)capacity, sizeof(int));
        for (var i = 0; i < capacity; i++)
            batch.Sequences[i] = ids + i;
        return batch;
    }

    static void FreeBatch(Libllama.Batch batch)
    {
        NativeMemory.Free(batch.Tokens);
        NativeMemory.Free(batch.Positions);
        NativeMemory.Free(batch.SequenceCounts);
        NativeMemory.Free(batch.Sequences[0]);
        NativeMemory.Free(batch.Sequences);
        NativeMemory.Free(batch.Logits);
    }
}
