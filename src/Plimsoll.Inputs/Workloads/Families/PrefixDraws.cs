using System;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// What a prompt is about: its length, its place among lengths, and the keys it opens with.
/// </summary>
struct PromptContent
{
    public int Tokens;

    /// <summary>
    /// The prompt's place among all prompts, as a standard normal; the answer's length may depend on it.
    /// </summary>
    public double Rank;

    public ReadOnlyMemory<ulong> Keys;

    /// <summary>Its images, and how many of the prompt's tokens they are.</summary>
    public ReadOnlyMemory<ImageSize> Images;

    public int ImageTokens;
}

/// <summary>
/// Draws whether a prompt comes back to earlier content. Keys are immutable once handed out, since the
/// scheduler holds on to them for as long as the request lives.
/// </summary>
sealed class PrefixDraws
{
    readonly PrefixSpec _spec;
    readonly PromptContent[] _recent;
    RandomStream _random;
    long _seen;

    public PrefixDraws(PrefixSpec spec, ulong seed)
    {
        _spec = spec;
        _recent = new PromptContent[spec.Window];
        _random = new RandomStream(seed, purpose: 5);
    }

    /// <summary>Gives a drawn prompt its keys, or replaces it by one that comes back.</summary>
    public void Settle(ref PromptContent content)
    {
        var comesBack = _random.NextDouble() < _spec.Share;
        if (content.Tokens < _spec.BlockTokens)
            return;
        if (comesBack && _seen > 0)
        {
            content = _recent[_random.NextBelow((int)Math.Min(_seen, _spec.Window))];
        }
        else
        {
            var keys = new ulong[(int)(_spec.SharedFraction * (content.Tokens / _spec.BlockTokens) + 0.5)];
            var owner = _random.NextBits();
            for (var i = 0; i < keys.Length; i++)
                keys[i] = PrefixKeys.Of(owner, i);
            content.Keys = keys;
        }
        _recent[_seen++ % _spec.Window] = content;
    }
}

/// <summary>Keys of invented content: one number per owner and depth, never 0.</summary>
static class PrefixKeys
{
    public static ulong Of(ulong owner, int depth)
    {
        var z = (owner + 1) * 0x9E3779B97F4A7C15UL + (ulong)(depth + 1) * 0xD1B54A32D192ED03UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (z ^ (z >> 31)) | 1;
    }
}
