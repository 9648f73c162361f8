using System;
using System.Collections.Generic;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// A small model that guesses how answers of the large one go on, for all sequences at once, a token at a
/// time. It keeps KV of its own under the numbers that the large one's sequences have; what it has not read
/// yet of a text it reads first, a bounded piece a step, and guesses once it has caught up.
/// </summary>
sealed class DraftModel : IDisposable
{
    /// <summary>What the model has read under one number.</summary>
    struct Reading
    {
        public RequestId Owner;

        /// <summary>Tokens that have KV: the owner's first ones, and guesses after them.</summary>
        public int Tokens;

        /// <summary>Of those, the ones that are no guesses.</summary>
        public int Certain;
    }

    readonly LlamaModel _model;
    readonly LlamaContext _context;
    readonly Reading[] _readings;
    readonly List<int>[] _guesses;
    readonly List<(int Ask, int Row)> _rows = [];

    public DraftModel(LlamaModel model, ContextOptions options)
    {
        _model = model;
        _context = new LlamaContext(model, options);
        _readings = new Reading[options.Sequences];
        _guesses = new List<int>[options.Sequences];
        for (var i = 0; i < _guesses.Length; i++)
            _guesses[i] = [];
    }

    public LlamaContext Context => _context;

    /// <summary>Both must read the same text as the same tokens.</summary>
    public static void CheckVocabulary(LlamaModel draft, LlamaModel target)
    {
        var (guesses, answers) = (draft.Tokenizer, target.Tokenizer);
        if (guesses.Size != answers.Size)
        {
            throw new BadInputException(
                $"draft model {draft.Path}", $"has a vocabulary of {guesses.Size} tokens",
                $"the {answers.Size} of {target.Path}");
        }
        for (var token = 0; token < answers.Size; token++)
        {
            if (!guesses.Bytes(token).SequenceEqual(answers.Bytes(token)))
            {
                throw new BadInputException(
                    $"draft model {draft.Path}", $"has another token {token} than {target.Path}",
                    "the same vocabulary");
            }
        }
    }

    /// <summary>A sequence's KV is gone; so is what was read under its number.</summary>
    public void Forget(int kv)
    {
        if (_readings[kv].Tokens > 0)
            _context.Trim(kv, 0);
        _readings[kv] = default;
        _guesses[kv].Clear();
    }

    /// <summary>Guesses for each of those asked for, empty where the model has not caught up.</summary>
    /// <param name="asks">Sequences with KV, and how many guesses of each are of use.</param>
    /// <returns>By the sequence's number.</returns>
    public List<int>[] Guess(List<(Sequence Sequence, int Most)> asks)
    {
        foreach (var (sequence, _) in asks)
            Agree(sequence);
        try
        {
            for (var ask = ReadOn(asks); ask; ask = GuessOn(asks))
                _context.Decode();
        }
        catch (NoCellsException)
        {
            // The large model's sequences share cells of common prefixes; here each has its own.
            for (var kv = 0; kv < _readings.Length; kv++)
                Forget(kv);
        }
        return _guesses;
    }

    /// <summary>
    /// Keeps of what was read what the text has come to; earlier guesses that were wrong go.
    /// </summary>
    void Agree(Sequence sequence)
    {
        var kv = sequence.Kv;
        ref var reading = ref _readings[kv];
        if (reading.Owner != sequence.Id)
        {
            Forget(kv);
            reading.Owner = sequence.Id;
        }
        var text = CollectionsMarshal.AsSpan(sequence.Tokens);
        var agreed = reading.Certain;
        // The last token is read again, for its logits.
        while (agreed < Math.Min(reading.Tokens, text.Length - 1)
            && _guesses[kv][agreed - reading.Certain] == text[agreed])
        {
            agreed++;
        }
        agreed = Math.Min(agreed, text.Length - 1);
        if (agreed < reading.Tokens)
            _context.Trim(kv, agreed);
        (reading.Tokens, reading.Certain) = (agreed, agreed);
        _guesses[kv].Clear();
    }

    /// <summary>A batch of what is not read yet, as much as fits into one. False for an empty one.</summary>
    bool ReadOn(List<(Sequence Sequence, int Most)> asks)
    {
        _context.Clear();
        _rows.Clear();
        for (var i = 0; i < asks.Count; i++)
        {
            var sequence = asks[i].Sequence;
            ref var reading = ref _readings[sequence.Kv];
            var text = CollectionsMarshal.AsSpan(sequence.Tokens);
            var to = Math.Min(text.Length, reading.Tokens + _context.Options.StepTokens - _context.Count);
            if (text.Length + asks[i].Most > _context.TokensPerSequence)
                continue;
            for (var at = reading.Tokens; at < to; at++)
            {
                var row = _context.Add(text[at], at, sequence.Kv, at == text.Length - 1);
                if (at == text.Length - 1)
                    _rows.Add((i, row));
            }
            (reading.Tokens, reading.Certain) = (to, to);
        }
        return _context.Count > 0;
    }

    /// <summary>Takes the guesses of the batch, and puts those to go on from into the next one.</summary>
    bool GuessOn(List<(Sequence Sequence, int Most)> asks)
    {
        for (var i = 0; i < _rows.Count; i++)
        {
            var kv = asks[_rows[i].Ask].Sequence.Kv;
            _guesses[kv].Add(TensorPrimitives.IndexOfMax<float>(_context.Logits(_rows[i].Row)));
        }
        var going = 0;
        _context.Clear();
        for (var i = 0; i < _rows.Count; i++)
        {
            var ask = _rows[i].Ask;
            var (sequence, most) = asks[ask];
            var guesses = _guesses[sequence.Kv];
            if (guesses.Count >= most)
                continue;
            ref var reading = ref _readings[sequence.Kv];
            _rows[going++] = (ask, _context.Add(guesses[^1], reading.Tokens++, sequence.Kv, logits: true));
        }
        _rows.RemoveRange(going, _rows.Count - going);
        return going > 0;
    }

    public void Dispose()
    {
        _context.Dispose();
        _model.Dispose();
    }
}
