namespace Podvirt.LoadTest;

/// <summary>The command line asks for something that is not there. The message says what would be right.</summary>
internal sealed class UsageException(string message) : Exception(message);
