# Compiler cache for the runtime of Verilator, which compiles to the same objects for every design.
#
#     sh object_cache.sh FOLDER COMPILER ARGUMENT...
#
# FOLDER keeps the objects. Verilator's Makefile ends a command with "-c -o NAME.o .../NAME.cpp".
set -e
folder=$1
shift
for source; do :; done
case $source in
*/include/verilated*.cpp) ;;
*) exec "$@" ;;
esac
name=$(basename "$source" .cpp)
kept=$folder/$name-$(printf '%s' "$*" | cksum | cut -d ' ' -f 1).o
if [ ! -f "$kept" ]; then
    "$@" -O0 # simulations of tests are short, and spend little of their time in the runtime
    mkdir -p "$folder"
    cp "$name.o" "$kept.$$"
    mv "$kept.$$" "$kept"
fi
cp "$kept" "$name.o"
