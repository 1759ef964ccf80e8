namespace Podvirt.Server.Serving;

/// <summary>
/// Socket operations complete on the thread that polls them. A relayed token then costs no thread hop, which is half of
/// what it costs otherwise; in exchange nothing on those threads may block.
/// </summary>
internal static class InlineSockets
{
    /// <summary>The runtime reads it once, when the first socket is made, for the whole process. Engines do not inherit it.</summary>
    public const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>An operator's own setting stands.</summary>
    public static void Enable()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }
    }
}
