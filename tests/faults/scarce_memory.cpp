// Preloaded into the daemon: what it is like when memory cannot be had. The file that TACET_SCARCE names holds numbers
// (native 64-bit integers): every how manieth allocation fails (0: none; 1: all), how many were asked for since that is
// not 0, how many failed, and whether (1) all behind the first that fails do so too; whoever sets the first may set the
// others.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __tsan_init();
}

namespace {

struct Page {
  std::atomic<std::uint64_t> nth, asked, failed, lasting;
};
Page* page = nullptr;

/// Who really has the memory: the C library; under a sanitizer that, which has to be looked for.
struct Source {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void (*free)(void*);
};
constexpr Source c_library{__libc_malloc, __libc_calloc, __libc_realloc, __libc_memalign, __libc_free};
Source source{};

/// For what is asked before there is a source, which libraries begin with: never given back. Costs what is used of it.
alignas(16) std::byte early[std::size_t{64} << 20];
std::atomic<std::size_t> early_used{0};

void* take_early(std::size_t size) { return early + early_used.fetch_add((size + 31) & ~std::size_t{15}) + 16; }
bool is_early(const void* memory) { return memory >= early && memory < early + sizeof early; }

template <class Function>
void find(Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

[[gnu::constructor]] void begin() {
  Source found = c_library;
  if (&__asan_init != nullptr || &__tsan_init != nullptr) {
    find(found.malloc, "malloc");
    find(found.calloc, "calloc");
    find(found.realloc, "realloc");
    find(found.memalign, "memalign");
    find(found.free, "free");
  }
  source = found;
  const char* path = std::getenv("TACET_SCARCE");
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* memory = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory != MAP_FAILED) page = static_cast<Page*>(memory);
}

/// True if this allocation is to fail.
bool scarce() {
  if (page == nullptr) return false;
  const std::uint64_t nth = page->nth.load(std::memory_order_relaxed);
  if (nth == 0) return false;
  const std::uint64_t asked = ++page->asked;
  if (page->lasting.load(std::memory_order_relaxed) != 0 ? asked < nth : asked % nth != 0) return false;
  ++page->failed;
  errno = ENOMEM;
  return true;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  if (source.malloc == nullptr) return take_early(size);
  return scarce() ? nullptr : source.malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
  if (source.calloc == nullptr) return take_early(number * size);  // zeros, for it was never used
  return scarce() ? nullptr : source.calloc(number, size);
}

void* realloc(void* memory, std::size_t size) {
  if (source.realloc != nullptr && !is_early(memory)) return scarce() ? nullptr : source.realloc(memory, size);
  void* const moved = std::malloc(size);
  if (moved != nullptr && memory != nullptr) std::memcpy(moved, memory, size);  // perhaps more than was there: no harm
  return moved;
}

void* memalign(std::size_t alignment, std::size_t size) {
  if (source.memalign == nullptr) return nullptr;
  return scarce() ? nullptr : source.memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  void* const made = memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *memory = made;
  return 0;
}

void free(void* memory) {
  if (memory == nullptr || is_early(memory)) return;
  if (source.free != nullptr) source.free(memory);
}
}

// The C++ library's own would call the above, a sanitizer's would not.
void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
