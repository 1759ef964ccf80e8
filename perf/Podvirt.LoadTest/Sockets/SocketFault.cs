using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Podvirt.LoadTest.Sockets;

/// <summary>A system call that failed where it must not.</summary>
internal static class SocketFault
{
    public static Win32Exception Last(string call) => Of(call, Marshal.GetLastPInvokeError());

    public static Win32Exception Of(string call, int error) => new(error, $"{call}: {Marshal.GetPInvokeErrorMessage(error)}");

    public static int Check(int result, string call) => result >= 0 ? result : throw Last(call);
}
