using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Transport;

/// <summary>Turns what a system call answers into exceptions.</summary>
internal static class SystemFault
{
    /// <exception cref="IOException">It failed.</exception>
    public static int Check(int result, string call) => result >= 0 ? result : throw Last(call);

    /// <summary>The last call's error, named.</summary>
    public static IOException Last(string call) => new($"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    /// <summary>What a connection's error is called where .NET's sockets are not in use.</summary>
    public static IOException OfConnection(int error) => error == Libc.Canceled
        ? new IOException("The connection was given up.")
        : new IOException(Marshal.GetPInvokeErrorMessage(error));
}
