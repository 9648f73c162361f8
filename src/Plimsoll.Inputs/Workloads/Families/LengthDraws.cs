using System;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>Draws prompt and answer lengths, tied by a Gaussian copula where their ranks correlate.</summary>
sealed class LengthDraws
{
    readonly LengthSampler _input;
    readonly LengthSampler? _output;
    readonly LengthSampler? _imageCount;
    readonly LengthSampler? _imageTokens;
    readonly double _correlation;
    readonly int _pixelsPerToken;
    RandomStream _random;
    RandomStream _images;

    public LengthDraws(FamilySpec spec, ulong seed)
    {
        _input = new LengthSampler(spec.Input);
        _output = spec.Output is { } output ? new LengthSampler(output) : null;
        _pixelsPerToken = spec.ImagePixelsPerToken ?? 0;
        _imageCount = spec.ImageCount is { } count ? new LengthSampler(count) : null;
        _imageTokens = spec.ImageTokens is { } tokens ? new LengthSampler(tokens) : null;
        // Pearson correlation of the normals that gives this rank correlation.
        _correlation = 2 * Math.Sin(Math.PI * spec.RankCorrelation / 6);
        _random = new RandomStream(seed, purpose: 3);
        _images = new RandomStream(seed, purpose: 4);
    }

    /// <summary>A prompt's length and, where answers depend on it, its rank.</summary>
    public PromptContent NextPrompt()
    {
        var content = new PromptContent();
        if (_correlation == 0)
        {
            content.Tokens = _input.At(_random.NextDouble());
        }
        else
        {
            content.Rank = _random.NextNormal();
            content.Tokens = _input.At(NormalLevel(content.Rank));
        }
        if (_imageCount is null || _imageTokens is null)
            return content;
        var images = _imageCount.At(_images.NextDouble());
        var sizes = _pixelsPerToken > 0 ? new ImageSize[images] : [];
        for (var i = 0; i < images; i++)
        {
            var tokens = _imageTokens.At(_images.NextDouble());
            content.ImageTokens += tokens;
            if (_pixelsPerToken == 0)
                continue;
            // Only the area is known: a square of it.
            var side = Math.Max(1, (int)Math.Round(Math.Sqrt((double)tokens * _pixelsPerToken)));
            sizes[i] = new ImageSize(side, side);
        }
        content.Tokens += content.ImageTokens;
        content.Images = sizes;
        return content;
    }

    /// <summary>The length of the answer to a prompt; 0 where there are none.</summary>
    public int NextAnswer(in PromptContent prompt)
    {
        if (_output is null)
            return 0;
        if (_correlation == 0)
            return _output.At(_random.NextDouble());
        var rank = _correlation * prompt.Rank
            + Math.Sqrt(1 - _correlation * _correlation) * _random.NextNormal();
        return _output.At(NormalLevel(rank));
    }

    /// <summary>
    /// The standard normal distribution function to 1.5·10⁻⁷ (Abramowitz and Stegun 7.1.26), kept below 1.
    /// </summary>
    static double NormalLevel(double z)
    {
        var x = Math.Abs(z) / Math.Sqrt(2);
        var t = 1 / (1 + 0.3275911 * x);
        var tail =
            t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
            * Math.Exp(-x * x) / 2;
        return Math.Clamp(z < 0 ? tail : 1 - tail, 0, 1 - 1e-12);
    }
}
