using System.Runtime.InteropServices;
using System.Text;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>
/// Starts a child in a session of its own, so that a terminal's Ctrl-C does not reach engines before their requests are
/// drained. Input comes from <c>/dev/null</c>, output and errors are appended to one file: an engine never blocks on, or
/// dies with, a pipe of ours. .NET opens everything close-on-exec; what this process was itself given open is closed too.
/// </summary>
internal static class ProcessSpawner
{
    private const uint LogMode = 0b110_000_000;

    /// <returns>The child's pid, which is its session's and its process group's id too.</returns>
    /// <exception cref="ReplicaStartException">The program cannot be run.</exception>
    public static unsafe int Spawn(IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, string logPath)
    {
        EnsureSupported();
        using var argumentBlock = new NativeStrings(arguments);
        using var environmentBlock = new NativeStrings(environment.Select(pair => $"{pair.Key}={pair.Value}"));
        var actions = stackalloc byte[Libc.StructBytesMax];
        var attributes = stackalloc byte[Libc.StructBytesMax];
        Check(Libc.ActionsInit(actions));
        Check(Libc.AttributesInit(attributes));
        try
        {
            Check(Libc.ActionsAddOpen(actions, 0, "/dev/null", Libc.OpenReadOnly, 0));
            Check(Libc.ActionsAddOpen(actions, 1, logPath, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenAppend, LogMode));
            Check(Libc.ActionsAddDup(actions, 1, 2));
            CloseTheRest(actions);

            // .NET ignores SIGPIPE and blocks a few signals in some threads; an engine starts with the usual ones.
            var signals = stackalloc byte[Libc.StructBytesMax];
            Check(Libc.SignalsAll(signals));
            Check(Libc.AttributesSetSigDefault(attributes, signals));
            Check(Libc.SignalsNone(signals));
            Check(Libc.AttributesSetSigMask(attributes, signals));
            Check(Libc.AttributesSetFlags(attributes, Libc.SpawnSetSession | Libc.SpawnSetSigDefault | Libc.SpawnSetSigMask));

            var error = Libc.SpawnByPath(
                out var pid, argumentBlock.First, actions, attributes, argumentBlock.Block, environmentBlock.Block);
            return error switch
            {
                0 => pid,
                Libc.ErrorNoEntry => throw new ReplicaStartException($"cannot start '{arguments[0]}': no such program"),
                Libc.ErrorNoAccess => throw new ReplicaStartException($"cannot start '{arguments[0]}': it may not be executed"),
                _ => throw new ReplicaStartException($"cannot start '{arguments[0]}': {Marshal.GetPInvokeErrorMessage(error)}"),
            };
        }
        finally
        {
            _ = Libc.ActionsDestroy(actions);
            _ = Libc.AttributesDestroy(attributes);
        }
    }

    private static unsafe void CloseTheRest(byte* actions)
    {
        try
        {
            Check(Libc.ActionsAddCloseFrom(actions, 3));
        }
        catch (EntryPointNotFoundException)
        {
            // A C library without it: only what whoever started this process left open can leak, never what we open.
        }
    }

    private static void EnsureSupported()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new ReplicaStartException(
                "engines can be started on Linux only; elsewhere use models with engine kind 'external'");
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new ReplicaStartException($"cannot prepare a process: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    /// <summary>A null-terminated array of UTF-8 strings outside the managed heap.</summary>
    private sealed unsafe class NativeStrings : IDisposable
    {
        private readonly int _count;

        public NativeStrings(IEnumerable<string> values)
        {
            var list = values.ToList();
            _count = list.Count;
            Block = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                var length = Encoding.UTF8.GetByteCount(list[i]);
                Block[i] = (byte*)NativeMemory.AllocZeroed((nuint)length + 1);
                Encoding.UTF8.GetBytes(list[i], new Span<byte>(Block[i], length));
            }
        }

        public byte** Block { get; }

        public byte* First => Block[0];

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
            {
                NativeMemory.Free(Block[i]);
            }

            NativeMemory.Free(Block);
        }
    }
}
