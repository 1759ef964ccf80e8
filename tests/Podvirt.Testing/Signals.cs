using System.Runtime.InteropServices;

namespace Podvirt.Testing;

/// <summary>Signals to processes of this machine.</summary>
public static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <exception cref="InvalidOperationException">There is no such process.</exception>
    public static void Send(int process, int signal)
    {
        if (!TrySend(process, signal))
        {
            throw new InvalidOperationException($"Signal {signal} to process {process} failed: {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <returns>False: it has ended.</returns>
    public static bool TrySend(int process, int signal) => SendSignal(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
