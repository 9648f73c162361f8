using System;

namespace Plimsoll.Engine;

/// <summary>A request or a file that an engine does not take; one line, said to whoever sent it.</summary>
public sealed class EngineRefusalException(string message) : Exception(message);
