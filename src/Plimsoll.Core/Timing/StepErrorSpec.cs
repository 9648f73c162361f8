using System;
using Plimsoll.Core.Draws;

namespace Plimsoll.Core.Timing;

/// <summary>
/// How predictions are wrong, term by term: what all terms of a step have in common, what each has of its
/// own, and what a first token adds. <see cref="Draw"/> draws all of them at once.
/// </summary>
public sealed record StepErrorSpec
{
    /// <summary>Ends of nine tenths of a normal distribution, in deviations.</summary>
    public const double Deviations = 1.645;

    /// <summary>
    /// Deviations of a term's own errors, logarithms: the kernel tables' on rows that are no knots, for
    /// experts with what routing between balanced and steep adds (<see cref="ExpertSkew"/>), and for
    /// collectives and the host, which nobody tabulates between machines, those of runs fitted one by one.
    /// </summary>
    static ReadOnlySpan<double> TermDeviations => [0.05, 0.13, 0.15, 0.08, 0.05, 0.3, 0, 0.3];

    /// <summary>Median of measured over predicted.</summary>
    public required double Centre { get; init; }

    /// <summary>Ends of the band that all terms share, over the centre.</summary>
    public required ErrorBand Common { get; init; }

    /// <summary>Ends of what a sequence costs the host, over what is predicted.</summary>
    public required ErrorBand Sequences { get; init; }

    public required double FirstTokenCentre { get; init; }

    /// <summary>Ends of what a first token adds to its steps' error, over its centre.</summary>
    public required ErrorBand FirstToken { get; init; }

    /// <summary>See <see cref="StepErrorDraw.FirstTokenShiftNs"/>.</summary>
    public double FirstTokenShiftNs { get; init; }

    /// <summary>The error that a profile states, around the prediction itself.</summary>
    public static StepErrorSpec Of(PredictionError error) => new()
    {
        Centre = 1,
        Common = error.Step,
        Sequences = new ErrorBand(1, 1),
        FirstTokenCentre = 1,
        FirstToken = error.FirstToken,
    };

    /// <summary>
    /// The ends of each part of the error, for steps whose sequences cost the host so much.
    /// </summary>
    public PredictionError Ends(double sequenceNs) => new(
        new ErrorBand(Centre * Common.Low, Centre * Common.High),
        new ErrorBand(FirstTokenCentre * FirstToken.Low, FirstTokenCentre * FirstToken.High))
    {
        SequenceNs = new ErrorBand((Sequences.Low - 1) * sequenceNs, (Sequences.High - 1) * sequenceNs),
    };

    /// <summary>The own error of a term, as a deviation of logarithms.</summary>
    public static double DeviationOf(StepTerm term) => TermDeviations[(int)term];

    /// <summary>
    /// One of <paramref name="count"/> joint draws, spread evenly over every part's distribution.
    /// </summary>
    public StepErrorDraw Draw(int index, int count)
    {
        const int Parts = StepScale.Terms + 2;
        Span<double> deviations = stackalloc double[Parts];
        for (var part = 0; part < Parts; part++)
        {
            deviations[part] = Deviation(Place(part, index, count), count);
        }
        var common = Math.Log(Centre) + Log(Common, deviations[0]);
        Span<double> logarithms = stackalloc double[StepScale.Terms];
        for (var term = 0; term < StepScale.Terms; term++)
        {
            var shared = (StepTerm)term is StepTerm.Request or StepTerm.HostSequences ? 0 : common;
            logarithms[term] = shared + (TermDeviations[term] * deviations[term + 2]);
        }
        logarithms[(int)StepTerm.HostSequences] = Log(Sequences, deviations[(int)StepTerm.HostSequences + 2]);
        return new StepErrorDraw(
            index, StepScale.Of(logarithms), FirstTokenCentre * Math.Exp(Log(FirstToken, deviations[1])),
            FirstTokenShiftNs);
    }

    /// <summary>All terms further off by a share each way.</summary>
    public StepErrorSpec Widened(double share) =>
        this with { Common = Common.Widened(share), FirstToken = FirstToken.Widened(share) };

    /// <summary>A band's logarithm at a number of deviations; its halves differ.</summary>
    static double Log(ErrorBand band, double deviations) =>
        deviations * (deviations < 0 ? -Math.Log(band.Low) : Math.Log(band.High)) / Deviations;

    /// <summary>Where a part's strata come in the order of the draws: the first part's in order.</summary>
    static int Place(int part, int index, int count)
    {
        if (part == 0)
        {
            return index;
        }
        var random = new RandomStream((ulong)part, purpose: 0x5354_4550);
        Span<int> order = count <= 256 ? stackalloc int[count] : new int[count];
        for (var i = 0; i < count; i++)
        {
            var at = random.NextBelow(i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        return order[index];
    }

    /// <summary>
    /// The middle of a stratum of the standard normal distribution, by bisection of its integral.
    /// </summary>
    static double Deviation(int stratum, int count)
    {
        var share = (stratum + 0.5) / count;
        double low = -6, high = 6;
        while (high - low > 1e-9)
        {
            var middle = (low + high) / 2;
            (low, high) = Below(middle) < share ? (middle, high) : (low, middle);
        }
        return (low + high) / 2;
    }

    /// <summary>
    /// Standard normal distribution function: Abramowitz and Stegun 26.2.17, within 7.5e-8.
    /// </summary>
    static double Below(double deviations)
    {
        var z = Math.Abs(deviations);
        var t = 1 / (1 + (0.2316419 * z));
        var tail = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * t
            * (0.319381530 + (t * (-0.356563782
                + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return deviations < 0 ? tail : 1 - tail;
    }
}
