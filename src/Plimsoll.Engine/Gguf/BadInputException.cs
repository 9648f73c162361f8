using System;

namespace Plimsoll.Engine.Gguf;

/// <summary>What the user gave cannot be used: one line of what, where and what was expected.</summary>
public sealed class BadInputException(string message) : Exception(message);
