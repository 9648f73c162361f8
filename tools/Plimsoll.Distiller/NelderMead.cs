using System;

namespace Plimsoll.Distiller;

/// <summary>The downhill simplex of Nelder and Mead (1965) with its usual coefficients.</summary>
static class NelderMead
{
    public static double[] Minimise(Func<double[], double> loss, double[] start, double size, int rounds)
    {
        var n = start.Length;
        var points = new double[n + 1][];
        var values = new double[n + 1];
        for (var i = 0; i <= n; i++)
        {
            points[i] = (double[])start.Clone();
            if (i > 0)
            {
                points[i][i - 1] += size;
            }
            values[i] = loss(points[i]);
        }
        for (var round = 0; round < rounds; round++)
        {
            Array.Sort(values, points);
            var centre = new double[n];
            for (var i = 0; i < n; i++)
            {
                for (var d = 0; d < n; d++)
                {
                    centre[d] += points[i][d] / n;
                }
            }
            var reflected = Along(centre, points[n], -1);
            var value = loss(reflected);
            if (value < values[0])
            {
                var expanded = Along(centre, points[n], -2);
                var further = loss(expanded);
                (points[n], values[n]) = further < value ? (expanded, further) : (reflected, value);
            }
            else if (value < values[n - 1])
            {
                (points[n], values[n]) = (reflected, value);
            }
            else
            {
                Contract(loss, points, values, centre);
            }
        }
        Array.Sort(values, points);
        return points[0];
    }

    static void Contract(Func<double[], double> loss, double[][] points, double[] values, double[] centre)
    {
        var n = centre.Length;
        var inside = Along(centre, points[n], 0.5);
        var value = loss(inside);
        if (value < values[n])
        {
            (points[n], values[n]) = (inside, value);
            return;
        }
        for (var i = 1; i <= n; i++)
        {
            points[i] = Along(points[0], points[i], 0.5);
            values[i] = loss(points[i]);
        }
    }

    static double[] Along(double[] from, double[] to, double share)
    {
        var point = new double[from.Length];
        for (var d = 0; d < point.Length; d++)
        {
            point[d] = from[d] + (share * (to[d] - from[d]));
        }
        return point;
    }
}
