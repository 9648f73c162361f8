using System.Collections.Generic;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What a fit to an engine's own telemetry says of its step times: it replaces the interval of the curves.
/// </summary>
/// <param name="Low">Real step time over predicted: 90 % lie between this and <paramref name="High"/>.</param>
/// <param name="High">See <paramref name="Low"/>.</param>
/// <param name="Notes">What the fit rests on, and where it is used beyond that.</param>
public sealed record FittedError(double Low, double High, IReadOnlyList<string> Notes);
