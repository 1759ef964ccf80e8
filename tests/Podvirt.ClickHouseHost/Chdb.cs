using System.Reflection;
using System.Runtime.InteropServices;

namespace Podvirt.ClickHouseHost;

/// <summary>What of libchdb's C interface is needed.</summary>
internal static unsafe partial class Chdb
{
    private const string Library = "chdb";

    /// <summary>To be called once, before anything else.</summary>
    public static void LoadFrom(string path) => NativeLibrary.SetDllImportResolver(
        Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? NativeLibrary.Load(path) : nint.Zero);

    [LibraryImport(Library, EntryPoint = "chdb_connect")]
    public static partial nint* Connect(int count, nint* arguments);

    [LibraryImport(Library, EntryPoint = "chdb_close_conn")]
    public static partial void Close(nint* connection);

    [LibraryImport(Library, EntryPoint = "chdb_query_with_params_n")]
    public static partial nint Query(
        nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength,
        nint* names, nuint* nameLengths, nint* values, nuint* valueLengths, nuint count);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_n")]
    public static partial nint BeginInsert(nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength);

    [LibraryImport(Library, EntryPoint = "chdb_stream_append")]
    public static partial int AppendTo(nint stream, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_error")]
    public static partial nint InsertErrorOf(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_stream_done")]
    public static partial nint EndInsert(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_insert_stream")]
    public static partial void DestroyInsert(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_query_result")]
    public static partial void Destroy(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_error")]
    public static partial nint ErrorOf(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_buffer")]
    public static partial byte* BufferOf(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_length")]
    public static partial nuint LengthOf(nint result);
}
