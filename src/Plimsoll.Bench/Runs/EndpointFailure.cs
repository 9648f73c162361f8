using System;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>The endpoint cannot be measured at all; one line says why.</summary>
public sealed class EndpointFailure(FailureKind kind, int status, string message) : Exception(message)
{
    public FailureKind Kind => kind;

    public int Status => status;
}
