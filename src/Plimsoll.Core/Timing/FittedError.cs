using System.Collections.Generic;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What a fit to an engine's own telemetry says of its error: it replaces the tier's bands.
/// </summary>
/// <param name="Error">The bands.</param>
/// <param name="Notes">What the fit rests on, and where it is used beyond that.</param>
public sealed record FittedError(PredictionError Error, IReadOnlyList<string> Notes);
