using System;

namespace Plimsoll.Planning.Validation;

/// <summary>One set of public measurements and how predictions are held against it.</summary>
public interface IValidationSet
{
    /// <summary>What <c>--set</c> calls it.</summary>
    string Name { get; }

    /// <summary>
    /// The file or folder it needs, below the data folder; null for measurements inside the binary.
    /// </summary>
    string? Source { get; }

    /// <param name="folder">The data folder; it holds <see cref="Source"/>.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    SetReport Run(string folder, Action<double> progress);
}
