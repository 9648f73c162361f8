using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Plimsoll.Distiller;

/// <summary>Relative errors of predictions against measurements.</summary>
sealed class Residuals
{
    readonly List<double> _errors = [];

    public int Count => _errors.Count;

    public void Add(double predicted, double measured) => _errors.Add((predicted / measured) - 1);

    public void Add(Residuals other) => _errors.AddRange(other._errors);

    /// <summary>Quantile of the signed error; 0.5 is the bias.</summary>
    public double Signed(double quantile) => Quantile(_errors.Order().ToList(), quantile);

    public double Absolute(double quantile) => Quantile(_errors.Select(Math.Abs).Order().ToList(), quantile);

    public override string ToString() => Count == 0
        ? "none"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Count,7} rows  median {Absolute(0.5):P1}  p90 {Absolute(0.9):P1}  bias {Signed(0.5):P1}");

    static double Quantile(List<double> sorted, double quantile) =>
        sorted.Count == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Count - 1, quantile * sorted.Count)];
}
