namespace Plimsoll.Reports.Drawing;

/// <summary>
/// The part of a picture in which a place means two values. An axis is written <c>log 100 5000 ms</c> or
/// <c>linear 0 2.5 ×</c>: how it is divided, its value at the left or lower end, at the other, and its unit.
/// </summary>
public sealed record PlotArea(double Left, double Right, double Top, double Bottom, string X, string Y);
